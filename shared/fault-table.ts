// The one mapping of faults to HTTP and WebSocket, and to the words that a stranger may read.
import type { Quota } from '#shared/model/quota.ts'
import type { Fault, FaultCode } from './fault.ts'

type Retry = 'no' | 'later' | 'at once' | 'after reading again' | 'after upgrade' | 'if transient' | 'once'
interface Row {
  http: number
  close: number
  retry: Retry
  text: string
}

/** Close codes 4400–4499 mirror HTTP; 1011 is RFC 6455 §7.4.1 "internal error". */
export const FAULT_TABLE = {
  invalid_message: { http: 400, close: 4400, retry: 'no', text: 'The message could not be read.' },
  unauthenticated: { http: 401, close: 4401, retry: 'no', text: 'A valid key or ticket is needed.' },
  forbidden: { http: 403, close: 4403, retry: 'no', text: 'This is not allowed.' },
  not_found: { http: 404, close: 4404, retry: 'no', text: 'There is no such thing.' },
  conflict: { http: 409, close: 4409, retry: 'after reading again', text: 'It is in use or was changed meanwhile.' },
  too_large: { http: 413, close: 4413, retry: 'no', text: 'A limit of size was passed.' },
  unsupported_version: {
    http: 426,
    close: 4426,
    retry: 'after upgrade',
    text: 'This version of the protocol is not spoken here.',
  },
  rate_limited: { http: 429, close: 4429, retry: 'later', text: 'Too many requests.' },
  no_capacity: { http: 503, close: 4503, retry: 'later', text: 'Every slot is in use.' },
  node_lost: { http: 502, close: 4502, retry: 'at once', text: 'The connection to the GPU node was lost.' },
  stale_epoch: { http: 409, close: 4410, retry: 'no', text: 'The session has moved.' },
  engine_failed: { http: 502, close: 4504, retry: 'if transient', text: 'An engine failed.' },
  deadline_exceeded: { http: 504, close: 4508, retry: 'once', text: 'It took too long.' },
  quota_exhausted: { http: 429, close: 4429, retry: 'later', text: 'The quota is used up.' },
  blocked: { http: 403, close: 4403, retry: 'no', text: 'This was blocked by a policy.' },
  unavailable: { http: 503, close: 4503, retry: 'later', text: 'This is not available now.' },
  internal: { http: 500, close: 1011, retry: 'no', text: 'Something went wrong on our side.' },
} as const satisfies Record<FaultCode, Row>

/** What a caller may know of a fault. */
export interface PublicFault {
  code: FaultCode
  message: string
  limit?: string
  max?: number
  got?: number
  unit?: string
  retryAfterMs?: number
  reason?: string
  needs?: string
  issues?: string[]
  stage?: string
  kind?: string
  id?: string
  quota?: Quota
  resetAt?: number
}

/** Poor outside: only the facts with which a caller can act. */
export function publicFault(fault: Fault): PublicFault {
  const base: PublicFault = { code: fault.code, message: FAULT_TABLE[fault.code].text }
  switch (fault.code) {
    case 'too_large':
      return { ...base, limit: fault.limit, max: fault.max, got: fault.got, unit: fault.unit }
    case 'unauthenticated':
      return fault.reason === undefined ? base : { ...base, reason: fault.reason }
    case 'forbidden':
      return fault.needs === undefined ? base : { ...base, needs: fault.needs }
    case 'invalid_message':
      return { ...base, issues: fault.issues }
    case 'no_capacity': {
      const { retryAfterMs, reason } = fault
      return { ...base, retryAfterMs, ...(reason === undefined ? {} : { reason }) }
    }
    case 'rate_limited':
    case 'unavailable':
      return { ...base, retryAfterMs: fault.retryAfterMs }
    case 'quota_exhausted':
      return { ...base, quota: fault.quota, retryAfterMs: fault.retryAfterMs, resetAt: fault.resetAt }
    case 'engine_failed':
    case 'deadline_exceeded':
      return { ...base, stage: fault.stage }
    case 'not_found':
    case 'conflict':
      return { ...base, kind: fault.kind, id: fault.id }
    default:
      return base
  }
}
