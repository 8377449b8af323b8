// Serves the built page from the Worker's assets, with the caching of the Node host. Files under assets/ carry a hash of their
// content in their names and may be kept for ever; the page itself is asked for anew each time.
import { Hono } from 'hono'
import type { Bindings } from './bindings.ts'

const YEAR_S = 365 * 24 * 60 * 60

export function pageRoutes(assets: Bindings['ASSETS']): Hono {
  return new Hono().get('*', async (c, next) => {
    const found = await assets.fetch(c.req.raw)
    if (found.status === 404) return next()
    // A copy, because headers that come from a binding cannot be changed.
    const answer = new Response(found.body, found)
    const isHashed = c.req.path.startsWith('/assets/')
    answer.headers.set('cache-control', isHashed ? `public, max-age=${YEAR_S}, immutable` : 'no-cache')
    return answer
  })
}
