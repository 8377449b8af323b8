// The entry of the edge on Workers. So far it owns the class of the limits' Durable Object and refuses every request, rather
// than look healthy: the rooms and the store on Workers come next, and with them edge/app.ts.
import { answerOf } from '#edge/http/on-fault.ts'

export { LimitsObject } from './limits-object.ts'

/** It becomes available by a deployment, not by waiting. */
const RETRY_AFTER_MS = 3_600_000

export default {
  fetch(): Response {
    return answerOf({ code: 'unavailable', what: 'edge on Workers', retryAfterMs: RETRY_AFTER_MS })
  },
}
