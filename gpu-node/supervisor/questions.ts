// Asks an engine, in time: until it is there, until it answers a real request, and from then on again and again.
import type { Clock } from '#shared/clock.ts'

/** Between two tries while it starts. */
const START_EVERY_MS = 500
/** Between two questions to a running engine; with three misses a hung one is found within about 10 s. */
const WATCH_EVERY_MS = 1_500
const ANSWER_WITHIN_MS = 2_000

type Ask = (signal: AbortSignal) => Promise<void>

/** Asks until it is answered, each time for at most `withinMs`. Rejects only with `signal.reason`. */
export async function askUntilAnswered(ask: Ask, clock: Clock, signal: AbortSignal, withinMs = ANSWER_WITHIN_MS) {
  while (!(await isAnswered(ask, clock, signal, withinMs))) await clock.sleep(START_EVERY_MS, signal)
}

/** Asks for ever and tells each outcome; rejects only with `signal.reason`. */
export async function askForEver(
  ask: Ask,
  clock: Clock,
  signal: AbortSignal,
  tell: (isAnswered: boolean) => void,
): Promise<never> {
  for (;;) {
    await clock.sleep(WATCH_EVERY_MS, signal)
    tell(await isAnswered(ask, clock, signal, ANSWER_WITHIN_MS))
  }
}

/** An engine that does not heed the signal is not waited for. */
async function isAnswered(ask: Ask, clock: Clock, signal: AbortSignal, withinMs: number): Promise<boolean> {
  const late = new AbortController()
  const answered = ask(AbortSignal.any([signal, late.signal])).then(
    () => true,
    () => false,
  )
  const over = new AbortController()
  const tooLate = clock.sleep(withinMs, AbortSignal.any([signal, over.signal])).then(
    () => false,
    () => false,
  )
  const outcome = await Promise.race([answered, tooLate])
  over.abort('shutdown')
  late.abort('deadline')
  signal.throwIfAborted()
  return outcome
}
