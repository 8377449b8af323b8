// Waits for engines so that nothing hangs: an abort ends the wait at once, also where an engine is deaf to it, and a
// deadline ends it with a fault. Used by recognition and the reply pipeline. What an engine says later is dropped.
import type { Clock } from '#shared/clock.ts'
import { FaultError } from '#shared/fault.ts'
import type { Stage } from '#shared/fault.ts'

export interface Watch {
  clock: Clock
  signal: AbortSignal
  stage: Stage
  limitMs: number
}

/** Rejects with signal.reason, or FaultError deadline_exceeded, or as `work` does. */
export function within<T>(work: Promise<T>, { clock, signal, stage, limitMs }: Watch): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (how: () => void): void => {
      cancel()
      signal.removeEventListener('abort', onAbort)
      how()
    }
    const onAbort = (): void => settle(() => reject(signal.reason))
    const cancel = clock.after(limitMs, () =>
      settle(() => reject(new FaultError({ code: 'deadline_exceeded', stage, limitMs }))),
    )
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(
      (value) => settle(() => resolve(value)),
      (thrown: unknown) => settle(() => reject(thrown)),
    )
    if (signal.aborted) onAbort()
  })
}

/** The same for each item of a stream: the limit is for one item. */
export async function* streamWithin<T>(source: AsyncIterable<T>, watch: Watch): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await within(iterator.next(), watch)
      if (next.done) return
      yield next.value
    }
  } finally {
    // Not awaited: an engine that does not answer an abort must not hold the turn.
    iterator.return?.().catch(() => {})
  }
}
