// GET /openapi.json: every operation, as OpenAPI 3.1. Mounted last, so that all the others are there.
import { Hono } from 'hono'
import type { OpenAPIV3_1 } from 'openapi-types'
import type { EdgeSettings } from '#edge/ports.ts'
import type { RequestEnv } from '#edge/http/plumbing/request-log.ts'
import { describe } from './describe.ts'
import { createConverter } from './json-schema.ts'
import { namedSchemas } from './named-schemas.ts'
import { descriptionOf } from './operation.ts'

/** A day of a client's cache is too long after an upgrade, and a request a page is too much. */
const CACHE_SECONDS = 300

type About = Pick<EdgeSettings, 'version' | 'publicOrigin'>

/** Made when it is first asked for: on Workers nothing may be computed at length before the first request. */
export function specsOf(app: Hono<RequestEnv>, about: About): () => OpenAPIV3_1.Document {
  let made: OpenAPIV3_1.Document | undefined
  return () => (made ??= documentOf(app, about))
}

export function openApiRoutes(specs: () => OpenAPIV3_1.Document) {
  return new Hono().get('/openapi.json', (c) => {
    c.header('cache-control', `public, max-age=${CACHE_SECONDS}`)
    return c.json(specs())
  })
}

function documentOf({ routes }: Hono<RequestEnv>, { version, publicOrigin }: About): OpenAPIV3_1.Document {
  const converter = createConverter(namedSchemas())
  const paths: Record<string, Record<string, OpenAPIV3_1.OperationObject>> = {}
  for (const { method, path: pattern, handler } of routes) {
    const route = descriptionOf(handler)
    if (!route) continue
    const path = pattern.replaceAll(/:(\w+)/g, '{$1}')
    const at = (paths[path] ??= {})
    at[method.toLowerCase()] = describe(route, { method, path }, converter)
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Parley', version, description: 'Talk to a voice persona that runs on a GPU at home.' },
    // Relative to this document, where the operator has named no origin (OpenAPI 3.1 §4.8.5).
    servers: [{ url: publicOrigin ?? '/', description: 'This edge' }],
    paths,
    components: {
      schemas: converter.components,
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'An API key, `pk_…`.' } },
    },
  }
}
