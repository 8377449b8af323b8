// Whether an engine that failed is asked again: a few failures in a row take it out for a while, then one trial decides.
// Pure; held by roster.ts, one for each engine.

/** Failures in a row, each before its first result, that take an engine out: one may be chance, three are not. */
export const MAX_FAILURES = 3
/** How long it is not asked: about as long as a killed server needs to be up again, so that few callers pay for the trial. */
export const OUT_MS = 15_000

export type Circuit =
  | { is: 'closed'; failures: number }
  /** Not asked before `until`. */
  | { is: 'open'; until: number }
  /** One request is on its way to find out. */
  | { is: 'trying' }

export type CircuitEvent =
  | { type: 'asked' }
  | { type: 'answered' }
  /** `isHard`: it hung, or broke off in the middle. Its next answer would be as bad, so one is enough. */
  | { type: 'failed'; isHard: boolean }
  /** The request was cancelled: nothing was learnt. */
  | { type: 'cancelled' }

export const CLOSED: Circuit = { is: 'closed', failures: 0 }

export function mayAsk(circuit: Circuit, now: number): boolean {
  return circuit.is === 'closed' || (circuit.is === 'open' && circuit.until <= now)
}

export function afterEvent(circuit: Circuit, event: CircuitEvent, now: number): Circuit {
  switch (event.type) {
    case 'asked':
      return circuit.is === 'open' && circuit.until <= now ? { is: 'trying' } : circuit
    case 'answered':
      return CLOSED
    case 'cancelled':
      return circuit.is === 'trying' ? { is: 'open', until: now } : circuit
    default: {
      const failures = circuit.is === 'closed' ? circuit.failures + 1 : MAX_FAILURES
      const isOut = event.isHard || failures >= MAX_FAILURES
      return isOut ? { is: 'open', until: now + OUT_MS } : { is: 'closed', failures }
    }
  }
}
