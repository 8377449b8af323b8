// The recogniser of one session. Each utterance has a stream of its own, and streams never overlap, since a session has one
// slot. Used by the runner; tells it texts and failures as events.
import type { Clock } from '#shared/clock.ts'
import { faultOf } from '#shared/fault.ts'
import type { TurnId } from '#shared/ids.ts'
import type { Log } from '#shared/log.ts'
import type { Language } from '#shared/model/language.ts'
import { traceIdOf } from '#shared/trace.ts'
import type { OnFallback, Stt } from '#gpu-node/engines/ports.ts'
import { logFailure } from '#gpu-node/turn/log-failure.ts'
import type { TurnEvent } from '#gpu-node/turn/machine/turn-state.ts'
import { UtteranceStream } from './utterance-stream.ts'

export interface RecognitionOptions {
  stt: Stt
  clock: Clock
  log: Log
  dispatch: (event: TurnEvent) => void
  /** The caller's position, for failures. */
  atSample: () => number
  /** Keeps a promise that end() waits for. */
  track: (work: Promise<void>) => void
}

interface Listening {
  language: Language
  traceparent: string
  signal: AbortSignal
  onFallback: OnFallback
}

interface Hearing {
  stream: UtteranceStream
  signal: AbortSignal
  log: Log
}

export class Recognition {
  readonly #options: RecognitionOptions
  readonly #hearings = new Map<TurnId, Hearing>()
  #free: Promise<void> = Promise.resolve()
  readonly #releases = new Map<TurnId, () => void>()
  #awaited: TurnId | undefined

  constructor(options: RecognitionOptions) {
    this.#options = options
  }

  /** The utterance whose final text is on the way: speech after it waits for it. */
  get finishing(): TurnId | undefined {
    return this.#awaited
  }

  open(turnId: TurnId, turn: Listening): void {
    const { stt, clock, dispatch } = this.#options
    const onPartial = (text: string): void => dispatch({ type: 'partial', turnId, text })
    const stream = new UtteranceStream({ stt, clock, ...turn, onPartial }, this.#free)
    const log = this.#options.log.child({ trace_id: traceIdOf(turn.traceparent), turnId })
    this.#hearings.set(turnId, { stream, signal: turn.signal, log })
    this.#free = new Promise((resolve) => this.#releases.set(turnId, resolve))
    this.#options.track(stream.ready().catch((thrown: unknown) => this.#fail(turnId, thrown)))
  }

  push(turnId: TurnId, pcm: Int16Array): void {
    this.#hearings.get(turnId)?.stream.push(pcm)
  }

  withhold(turnId: TurnId): void {
    this.#hearings.get(turnId)?.stream.withhold()
  }

  goOn(turnId: TurnId): void {
    this.#hearings.get(turnId)?.stream.goOn()
  }

  /** A failure here costs the speculation only; the final text is asked for anyway. */
  askSnapshot(turnId: TurnId, pause: number): void {
    const hearing = this.#hearings.get(turnId)
    if (!hearing) return
    const asking = hearing.stream.snapshot().then(
      (text) => this.#options.dispatch({ type: 'snapshot', turnId, pause, text }),
      (thrown: unknown) => {
        if (!hearing.signal.aborted && this.#hearings.has(turnId)) logFailure(hearing.log, thrown, 'no snapshot')
      },
    )
    this.#options.track(asking)
  }

  finish(turnId: TurnId): void {
    const hearing = this.#hearings.get(turnId)
    if (!hearing) return
    this.#awaited = turnId
    const finishing = hearing.stream.finish().then(
      (text) => {
        if (this.#settle(turnId)) this.#options.dispatch({ type: 'transcribed', turnId, text })
      },
      (thrown: unknown) => this.#fail(turnId, thrown),
    )
    this.#options.track(finishing)
  }

  /** Idempotent. The turn's signal, aborted by whoever forgets it, has stopped the engine. */
  drop(turnId: TurnId): void {
    this.#settle(turnId)
  }

  #fail(turnId: TurnId, thrown: unknown): void {
    const hearing = this.#hearings.get(turnId)
    if (!hearing || !this.#settle(turnId) || hearing.signal.aborted) return
    logFailure(hearing.log, thrown, 'recognition failed')
    this.#options.dispatch({
      type: 'recognitionFailed',
      turnId,
      atSample: this.#options.atSample(),
      fault: faultOf(thrown),
    })
  }

  /** Frees the recogniser; false where that was done already. */
  #settle(turnId: TurnId): boolean {
    const hearing = this.#hearings.get(turnId)
    if (!hearing) return false
    this.#hearings.delete(turnId)
    hearing.stream.close()
    if (this.#awaited === turnId) this.#awaited = undefined
    this.#releases.get(turnId)?.()
    this.#releases.delete(turnId)
    return true
  }
}
