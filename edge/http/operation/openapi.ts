// GET /openapi.json: every route that is described, as OpenAPI 3.1. Mounted last, so that all the others are there.
import { Hono } from 'hono'
import { generateSpecs } from 'hono-openapi'
import type { OpenAPIV3_1 } from 'openapi-types'
import type { RequestEnv } from '#edge/http/plumbing/request-log.ts'

/** A day of a client's cache is too long after an upgrade, and a request a page is too much. */
const CACHE_SECONDS = 300

/** Made at the first asking: on Workers nothing may be computed at length before the first request. */
export function specsOf(app: Hono<RequestEnv>, version: string): () => Promise<OpenAPIV3_1.Document> {
  let made: Promise<OpenAPIV3_1.Document> | undefined
  return () =>
    (made ??= generateSpecs(app, { documentation: documentationOf(version) }) as Promise<OpenAPIV3_1.Document>)
}

export function openApiRoutes(specs: () => Promise<OpenAPIV3_1.Document>) {
  return new Hono().get('/openapi.json', async (c) => {
    c.header('cache-control', `public, max-age=${CACHE_SECONDS}`)
    return c.json(await specs())
  })
}

function documentationOf(version: string) {
  return {
    info: { title: 'Parley', version, description: 'Talk to a voice persona that runs on a GPU at home.' },
    components: {
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'An API key, `pk_…`.' } },
    },
  } as const
}
