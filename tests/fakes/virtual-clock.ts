// A clock that moves only when a test says so. Timers run in order of their time; between them pending promises settle.
import type { Clock } from '#shared/clock.ts'

interface Timer {
  at: number
  order: number
  run(): void
}

export interface VirtualClock extends Clock {
  /** Moves time on, running what falls due on the way. */
  advance(ms: number): Promise<void>
  /** Moves time on from timer to timer until `isDone`; throws when it has not come true within `limitMs`. */
  advanceUntil(isDone: () => boolean, limitMs?: number): Promise<void>
  /** Lets promises that need no time settle. */
  settle(): Promise<void>
  /** Timers that still wait: 0 when everything was stopped. */
  readonly pending: number
}

export function createVirtualClock(startMs = 1_700_000_000_000): VirtualClock {
  let now = startMs
  let order = 0
  const timers = new Set<Timer>()

  const after = (ms: number, run: () => void): (() => void) => {
    const timer: Timer = { at: now + Math.max(0, ms), order: order++, run }
    timers.add(timer)
    return () => void timers.delete(timer)
  }
  const next = (until: number): Timer | undefined =>
    [...timers].filter((timer) => timer.at <= until).toSorted((a, b) => a.at - b.at || a.order - b.order)[0]
  // A macrotask: every promise chain that needs no time and no other thread is through afterwards.
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  return {
    now: () => now,
    after,
    every(ms, run) {
      // As setInterval: never more often than once a millisecond, or a test would never end.
      const period = Math.max(1, ms)
      let cancel = after(period, tick)
      function tick(): void {
        cancel = after(period, tick)
        run()
      }
      return () => cancel()
    },
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const cancel = after(ms, () => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        })
        function onAbort(): void {
          cancel()
          reject(signal?.reason)
        }
        signal?.addEventListener('abort', onAbort, { once: true })
      }),
    async advance(ms) {
      const until = now + ms
      await settle()
      for (let timer = next(until); timer !== undefined; timer = next(until)) {
        timers.delete(timer)
        now = timer.at
        timer.run()
        await settle()
      }
      now = until
      await settle()
    },
    async advanceUntil(isDone, limitMs = 120_000) {
      const until = now + limitMs
      await settle()
      while (!isDone()) {
        const timer = next(until)
        if (timer === undefined) throw new Error(`the condition did not come true within ${limitMs} virtual ms`)
        timers.delete(timer)
        now = timer.at
        timer.run()
        await settle()
      }
    },
    settle,
    get pending() {
      return timers.size
    },
  }
}
