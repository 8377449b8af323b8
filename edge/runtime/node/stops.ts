// What has been started and how each of it is stopped: in reverse, each within a bound, and once. One that hangs or fails is
// logged and does not keep the others from stopping.
import type { Clock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'

/** Three steps of this length still end before a supervisor's usual patience of 15 to 30 s. */
const STEP_WITHIN_MS = 4_000

export interface Stops {
  add(name: string, stop: () => Promise<unknown>): void
  /** Any number of calls; one run. */
  run(): Promise<void>
}

export function createStops({ clock, log }: { clock: Clock; log: Log }): Stops {
  const steps: Array<{ name: string; stop: () => Promise<unknown> }> = []
  let running: Promise<void> | undefined

  async function runAll(): Promise<void> {
    for (const { name, stop } of steps.toReversed()) {
      const inTime = new AbortController()
      const tooLate = clock.sleep(STEP_WITHIN_MS, inTime.signal).then(
        () => log.warn({ name, limitMs: STEP_WITHIN_MS }, 'did not stop in time'),
        () => {},
      )
      const stopped = stop().catch((error: unknown) => log.error({ name, error }, 'did not stop'))
      await Promise.race([stopped, tooLate])
      inTime.abort('shutdown')
    }
  }
  return {
    add: (name, stop) => void steps.push({ name, stop }),
    run: () => (running ??= runAll()),
  }
}
