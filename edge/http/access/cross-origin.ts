// Which other origins' pages may read the API: those that the operator lists, with a key or a token, never with a cookie. Without a
// list no such header is ever sent. Fetch standard, "CORS protocol".
import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'

const MAX_AGE_S = 600
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
const MAY_SEND = ['authorization', 'content-type', 'traceparent', 'x-request-id']
const MAY_READ = [
  'retry-after',
  'traceparent',
  'x-request-id',
  'x-ratelimit-limit-requests',
  'x-ratelimit-remaining-requests',
  'x-ratelimit-reset-requests',
]

export function crossOrigin(origins: readonly string[]): MiddlewareHandler {
  if (origins.length === 0) return (_c, next) => next()
  return cors({
    origin: [...origins],
    allowMethods: METHODS,
    allowHeaders: MAY_SEND,
    exposeHeaders: MAY_READ,
    maxAge: MAX_AGE_S,
  })
}
