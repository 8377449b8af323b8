// Where a thrown fault becomes an HTTP answer: the status by the table, and as much as a stranger may know. Everything
// else that is thrown is a bug: logged with its stack, answered as `internal`. The one catcher of the routes.
import type { ErrorHandler, Hono, NotFoundHandler } from 'hono'
import type { EdgePorts } from '#edge/ports.ts'
import { FAULT_TABLE } from '#shared/fault-table.ts'
import { FaultError, type Fault } from '#shared/fault.ts'
import { answerOf } from './problem.ts'
import type { RequestEnv } from './request-log.ts'

type FaultPorts = Pick<EdgePorts, 'log' | 'metrics'>

export function onFault({ log, metrics }: FaultPorts): ErrorHandler<RequestEnv> {
  return (error, c) => {
    const isFault = error instanceof FaultError
    const fault: Fault = isFault ? error.fault : { code: 'internal' }
    const facts = { requestId: c.get('requestId'), traceId: c.get('traceId'), method: c.req.method, path: c.req.path }
    if (!isFault) log.error({ ...facts, error }, 'a bug in a route')
    else if (FAULT_TABLE[fault.code].http >= 500) log.warn({ ...facts, fault, error: error.cause }, 'a request failed')
    else log.debug({ ...facts, fault }, 'a request was refused')
    metrics.count('faults', { code: fault.code, where: 'http' })
    const answer = answerOf(fault, facts.traceId)
    // Keeps the headers that were set before, such as those of rates.
    return c.newResponse(answer.body, answer)
  }
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/** A path that answers other methods says which (RFC 9110 §15.5.6). */
export function onUnknownRoute(app: Pick<Hono<RequestEnv>, 'router'>): NotFoundHandler<RequestEnv> {
  return (c) => {
    const { path } = c.req
    const allowed = methodsAt(app, path)
    const traceId = c.get('traceId')
    if (allowed.length === 0) return answerOf({ code: 'not_found', kind: 'route', id: path }, traceId)
    const fault: Fault = { code: 'not_found', kind: 'method', id: `${c.req.method} ${path}` }
    return answerOf(fault, traceId, { status: 405, allow: allowed.join(', ') })
  }
}

/**
 * What an address answers. Of two routes that both fit, the one with fewer parameters has the address to itself:
 * `/conversations/search` is no conversation that could be deleted.
 */
function methodsAt({ router }: Pick<Hono<RequestEnv>, 'router'>, path: string): string[] {
  const found = METHODS.map((method) => {
    const [handlers] = router.match(method === 'HEAD' ? 'GET' : method, path)
    const served = method === 'HEAD' ? 'GET' : method
    // Middleware and the page's files are no routes.
    const own = handlers.map(([[, route]]) => route).filter((one) => one.method === served && !one.path.includes('*'))
    return { method, parameters: Math.min(...own.map((one) => one.path.split(':').length)) }
  })
  const fewest = Math.min(...found.map(({ parameters }) => parameters))
  return found.filter(({ parameters }) => parameters === fewest && parameters < Infinity).map(({ method }) => method)
}
