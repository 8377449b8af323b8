// Streams from the first member of a chain that gives a result. The members before it failed without one, so the caller noticed nothing.
// Used by the LLM's and the voices' chains. Knows no text and no audio.
import type { Clock } from '#shared/clock.ts'
import { FaultError, type Stage } from '#shared/fault.ts'
import { engineId, type EngineInfo } from '#shared/model/engine.ts'
import type { OnFallback } from '#gpu-node/engines/ports.ts'
import { isEngineFailure, noneIsReady, type Choice, type Roster } from './roster.ts'

/** How long a first result may take while another engine could give one: several times what a busy engine takes. */
export const FIRST_ANSWER_MS = 5_000

export interface Ask<C extends Choice<{ engine: EngineInfo }>, T> {
  roster: Roster
  clock: Clock
  stage: Stage
  /** In the order in which they are asked; the first is the one that is wanted. */
  choices: readonly [C, ...C[]]
  signal: AbortSignal
  traceparent: string | undefined
  onFallback: OnFallback | undefined
  open: (choice: C, signal: AbortSignal) => AsyncIterable<T>
  /** A stream that breaks off is just over where another member is there for what follows; without this it fails. */
  onBroken?: () => void
}

export async function* firstAnswer<C extends Choice<{ engine: EngineInfo }>, T>(ask: Ask<C, T>): AsyncGenerator<T> {
  const { roster, choices, signal, stage } = ask
  const tried = new Set<string>()
  let failure: unknown
  for (;;) {
    signal.throwIfAborted()
    const choice = roster.next(choices, tried)
    if (!choice) throw failure ?? noneIsReady(stage, choices[0].member.engine.engine)
    const hasOther = roster.next(choices, new Set([...tried, choice.member.name])) !== undefined
    const attempt = roster.begin(choice.member, ask.traceparent)
    let hasGiven = false
    try {
      for await (const item of answersOf(ask, choice, hasOther)) {
        if (!hasGiven) tell(ask, choice, tried)
        hasGiven = true
        yield item
      }
      return attempt.answered()
    } catch (thrown) {
      if (!isEngineFailure(thrown, signal)) throw thrown
      attempt.failed(thrown, hasGiven || isHang(thrown))
      if (hasGiven) return endBroken(hasOther ? ask.onBroken : undefined, thrown)
      tried.add(choice.member.name)
      failure = thrown
    } finally {
      // Changes nothing after an outcome. Without one the request was given up.
      attempt.cancelled()
    }
  }
}

function endBroken(onBroken: (() => void) | undefined, thrown: unknown): void {
  if (!onBroken) throw thrown
  onBroken()
}

function tell<C extends Choice<{ engine: EngineInfo }>, T>(ask: Ask<C, T>, used: C, tried: ReadonlySet<string>): void {
  const [wanted] = ask.choices
  if (used === wanted) return
  ask.onFallback?.({
    role: ask.stage,
    asked: engineId(wanted.member.engine.engine),
    used: engineId(used.member.engine.engine),
    reason: ask.roster.reasonFor(wanted, tried),
  })
}

/** Its next request would hang as long. */
export const isHang = (thrown: unknown): boolean =>
  thrown instanceof FaultError && thrown.fault.code === 'deadline_exceeded'

/** The member's stream, with a limit for its first item where somebody else could give it. */
async function* answersOf<C extends Choice<{ engine: EngineInfo }>, T>(
  { clock, stage, signal, open }: Ask<C, T>,
  choice: C,
  hasOther: boolean,
): AsyncGenerator<T> {
  if (!hasOther) return yield* open(choice, signal)
  const controller = new AbortController()
  const items = open(choice, AbortSignal.any([signal, controller.signal]))[Symbol.asyncIterator]()
  try {
    let next = await withinLimit(items.next(), { clock, stage, controller })
    while (!next.done) {
      yield next.value
      next = await items.next()
    }
  } finally {
    // Not awaited: an engine that hangs does not end its stream either.
    items.return?.().catch(() => {})
  }
}

interface Limit {
  clock: Clock
  stage: Stage
  controller: AbortController
}

/** Rejects with deadline_exceeded and stops the work where it has not come in time. */
export function withinLimit<T>(work: Promise<T>, { clock, stage, controller }: Limit): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(FIRST_ANSWER_MS, () => {
      reject(new FaultError({ code: 'deadline_exceeded', stage, limitMs: FIRST_ANSWER_MS }))
      controller.abort('deadline')
    })
    work.then(
      (value) => {
        cancel()
        resolve(value)
      },
      (thrown: unknown) => {
        cancel()
        reject(thrown)
      },
    )
  })
}
