// How a failure inside a turn is logged, once, where it is handled: an expected one as its fault, a bug with its stack.
// Used by recognition and by the effects.
import { FaultError } from '#shared/fault.ts'
import type { Log } from '#shared/log.ts'

export function logFailure(log: Log, thrown: unknown, what: string): void {
  if (thrown instanceof FaultError) log.warn({ fault: thrown.fault, cause: nameOf(thrown.cause) }, what)
  else log.error({ stack: thrown instanceof Error ? thrown.stack : nameOf(thrown) }, what)
}

const nameOf = (cause: unknown): string | undefined =>
  cause === undefined ? undefined : cause instanceof Error ? cause.name : typeof cause
