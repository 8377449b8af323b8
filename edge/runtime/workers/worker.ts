// The entry of the edge on Workers. So far it owns the class of the limits' Durable Object and refuses every request, rather
// than look healthy: the rooms and the store on Workers come next, and with them edge/app.ts.
import { FAULT_TABLE, publicFault } from '#shared/fault-table.ts'
import type { Fault } from '#shared/fault.ts'

export { LimitsObject } from './limits-object.ts'

/** It becomes available by a deployment, not by waiting. */
const RETRY_AFTER_MS = 3_600_000

export default {
  fetch(): Response {
    const fault: Fault = { code: 'unavailable', what: 'edge on Workers', retryAfterMs: RETRY_AFTER_MS }
    return Response.json(publicFault(fault), {
      status: FAULT_TABLE[fault.code].http,
      headers: { 'retry-after': String(RETRY_AFTER_MS / 1_000) },
    })
  },
}
