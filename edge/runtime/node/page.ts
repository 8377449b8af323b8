// Serves the built page from edge/web/dist. Files under assets/ carry a hash of their content in their names and may be kept
// for ever; the page itself is asked for anew each time. Before it is built, / says how to build it.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { serveStatic } from '@hono/node-server/serve-static'
import { Hono } from 'hono'

const YEAR_S = 365 * 24 * 60 * 60

export function pageRoutes(dist: string): Hono {
  const app = new Hono()
  if (!existsSync(join(dist, 'index.html')))
    return app.get('/', (c) => c.text('The page is not built yet. Run: npm run build\n', 503))
  return app.get(
    '*',
    serveStatic({
      root: dist,
      onFound: (_file, c) => {
        const isHashed = c.req.path.startsWith('/assets/')
        c.header('cache-control', isHashed ? `public, max-age=${YEAR_S}, immutable` : 'no-cache')
      },
    }),
  )
}
