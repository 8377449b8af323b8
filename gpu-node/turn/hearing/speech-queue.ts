// Holds speech back while the utterance before it waits for its final text: so the state machine knows one utterance at a
// time. Used by the runner, which holds the audio of it in the recogniser's backlog. Order is kept.
import type { TurnId } from '#shared/ids.ts'
import type { SpeechEvent } from './ear.ts'
import type { TurnEvent } from '#gpu-node/turn/machine/turn-state.ts'

/** Some twenty utterances while one final text is on the way (20 s at most): over it, a whole utterance is dropped. */
export const MAX_HELD_EVENTS = 64

/** What happens to an utterance; that it cannot be recognised may be known before its turn has come. */
export type HeldEvent = SpeechEvent | Extract<TurnEvent, { type: 'recognitionFailed' }>

export interface SpeechQueueOptions {
  /** Whether an earlier utterance than this is still on its way. */
  isBlockedBy(turnId: TurnId): boolean
  pass(event: HeldEvent): void
  drop(turnId: TurnId): void
}

export class SpeechQueue {
  readonly #options: SpeechQueueOptions
  #held: HeldEvent[] = []

  constructor(options: SpeechQueueOptions) {
    this.#options = options
  }

  push(event: HeldEvent): void {
    if (this.#held.length === 0 && !this.#options.isBlockedBy(event.turnId)) return this.#options.pass(event)
    if (event.type === 'speechStarted' && this.#held.length >= MAX_HELD_EVENTS) return this.#options.drop(event.turnId)
    this.#held.push(event)
  }

  get length(): number {
    return this.#held.length
  }

  isHolding(turnId: TurnId): boolean {
    return this.#held.some((event) => event.turnId === turnId)
  }

  /** Passes the next one if it is not blocked. Only one: it may be the end that blocks those after it. */
  drain(): void {
    const [next] = this.#held
    if (!next || this.#options.isBlockedBy(next.turnId)) return
    this.#held.shift()
    this.#options.pass(next)
  }

  clear(): void {
    this.#held = []
  }
}
