// Expected failures, as data. Each code says what its receiver should do; fault-table.ts maps it to the wires.
// Facts are rich inside (they go to the log) and poor outside (publicFault in fault-table.ts).
import type { AdmissionRefusal } from '#shared/model/node.ts'
import type { Quota } from '#shared/model/quota.ts'

/** The place in a turn where an engine works. */
export type Stage = 'vad' | 'stt' | 'llm' | 'tts'

/**
 * What the sender of a request had in hand and could not prove with it. It tells only what the sender knows; a secret
 * that was used, that has expired and that never was are one. `missing`: nothing came.
 */
export type Unproved = 'missing' | 'key' | 'ticket' | 'clientSecret' | 'resumeToken' | 'signInCode' | 'cookie'

export type Fault =
  | { code: 'invalid_message'; issues: string[] }
  | { code: 'unauthenticated'; reason?: Unproved }
  | { code: 'forbidden'; action: string; needs?: string }
  | { code: 'not_found'; kind: string; id: string }
  | { code: 'conflict'; kind: string; id: string; expected?: string; found?: string }
  | { code: 'too_large'; limit: string; max: number; got: number; unit: string }
  | { code: 'unsupported_version'; offered: string; supported: string[] }
  | { code: 'rate_limited'; retryAfterMs: number }
  | { code: 'no_capacity'; retryAfterMs: number; reason?: AdmissionRefusal }
  | { code: 'node_lost'; nodeId: string }
  | { code: 'stale_epoch'; epoch: number }
  | { code: 'engine_failed'; engineId: string; stage: Stage; transient: boolean; detail?: string; blames?: 'request' }
  | { code: 'deadline_exceeded'; stage: string; limitMs: number }
  | { code: 'quota_exhausted'; quota: Quota; retryAfterMs: number; resetAt: number }
  | { code: 'blocked'; policy: string }
  | { code: 'unavailable'; what: string; retryAfterMs: number }
  | { code: 'internal' }

export type FaultCode = Fault['code']

/**
 * How asynchronous code says a fault. Caught only where style allows it: on-fault, session-room, turn-runner, cli/main.
 */
export class FaultError extends Error {
  readonly fault: Fault
  constructor(fault: Fault, options?: { cause?: unknown }) {
    super(fault.code, options)
    this.name = 'FaultError'
    this.fault = fault
  }
}

/** The fault in any thrown value; a bug becomes `internal`. */
export function faultOf(thrown: unknown): Fault {
  return thrown instanceof FaultError ? thrown.fault : { code: 'internal' }
}

/** For input that cannot be read or makes no sense. An issue names the field and what is expected there. */
export const invalidFault = (...issues: string[]): Fault => ({ code: 'invalid_message', issues })

/** The same, to be thrown. */
export const invalid = (issues: string | string[], options?: { cause?: unknown }): FaultError =>
  new FaultError(invalidFault(...[issues].flat()), options)

export const notFound = (kind: string, id: string): FaultError => new FaultError({ code: 'not_found', kind, id })
