// Where a thrown fault becomes an HTTP answer: the status by the table, and as much as a stranger may know. Everything
// else that is thrown is a bug: logged with its stack, answered as `internal`. The one catcher of the routes.
import type { ErrorHandler, NotFoundHandler } from 'hono'
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
    // With the headers that were set on the way, as of rates.
    return c.newResponse(answer.body, answer)
  }
}

export const onUnknownRoute: NotFoundHandler<RequestEnv> = (c) =>
  answerOf({ code: 'not_found', kind: 'route', id: c.req.path }, c.get('traceId'))
