// Gives each request an id and a trace, counts it and times it. Never logs a query, a header or a body: they may hold
// secrets or a caller's words. Mounted first by app.ts.
import type { Context, MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import type { EdgePorts } from '#edge/ports.ts'
import { childOf, newTraceparent, traceIdOf } from '#shared/trace.ts'

/** What every route finds in its context. */
export interface RequestEnv {
  Variables: { requestId: string; traceId: string }
}

/** An id that a proxy gave is kept, when it looks like one. */
const REQUEST_ID = /^[\w.:-]{8,64}$/

export function requestLog({
  clock,
  log,
  metrics,
}: Pick<EdgePorts, 'clock' | 'log' | 'metrics'>): MiddlewareHandler<RequestEnv> {
  return async (c, next) => {
    const given = c.req.header('x-request-id') ?? ''
    const requestId = REQUEST_ID.test(given) ? given : crypto.randomUUID()
    const parent = c.req.header('traceparent')
    const traceparent = parent === undefined ? newTraceparent() : childOf(parent)
    const traceId = traceIdOf(traceparent) ?? ''
    c.set('requestId', requestId)
    c.set('traceId', traceId)
    const startedAt = clock.now()
    await next()
    const ms = clock.now() - startedAt
    const { method } = c.req
    const { status } = c.res
    const route = routeOf(c, status)
    metrics.count('http_requests', { method, route, status: String(status) })
    metrics.observe('http_request', ms, { route })
    log.debug({ requestId, traceId, method, route, status, ms }, 'request')
    if (isUpgrade(c.req.header('upgrade'))) return
    c.header('x-request-id', requestId)
    c.header('traceparent', traceparent)
  }
}

/** The route's pattern and not its path: labels must be few. Patterns of middleware and of the page end with a star. */
function routeOf(c: Context, status: number): string {
  const route = matchedRoutes(c).findLast(({ path }) => !path.endsWith('*'))
  return route?.path ?? (status === 404 ? 'unknown' : 'page')
}

/** The headers of an upgrade's answer belong to the host: on Workers they cannot even be changed. */
export function isUpgrade(header: string | undefined): boolean {
  return header?.toLowerCase() === 'websocket'
}
