// GET /openapi.json: every route that is described, as OpenAPI 3.1. Mounted last, so that all the others are there.
import type { Hono } from 'hono'
import { generateSpecs } from 'hono-openapi'
import type { RequestEnv } from './request-log.ts'

/** A day of a client's cache is too long after an upgrade, and a request a page is too much. */
const CACHE_SECONDS = 300

export function serveOpenApi(app: Hono<RequestEnv>, { version }: { version: string }): void {
  let made: ReturnType<typeof generateSpecs> | undefined
  app.get('/openapi.json', async (c) => {
    // Not at the start: on Workers nothing may be computed at length before the first request.
    made ??= generateSpecs(app, {
      documentation: {
        info: { title: 'Parley', version, description: 'Talk to a voice persona that runs on a GPU at home.' },
        components: {
          securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'An API key, `pk_…`.' } },
        },
      },
    })
    c.header('cache-control', `public, max-age=${CACHE_SECONDS}`)
    return c.json(await made)
  })
}
