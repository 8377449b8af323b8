// Holds speech back while the utterance before it waits for its final text: so the state machine knows one utterance at a
// time. Used by the runner, which holds the audio of it in the recogniser's backlog. Order is kept.
import type { TurnId } from '#shared/ids.ts'
import type { SpeechEvent } from './ear.ts'

/** Some twenty utterances while one final text is on the way (20 s at most): over it, a whole utterance is dropped. */
export const MAX_HELD_EVENTS = 64

export interface SpeechQueueOptions {
  /** Whether an earlier utterance than this is still on its way. */
  isBlockedBy(turnId: TurnId): boolean
  pass(event: SpeechEvent): void
  drop(turnId: TurnId): void
}

export class SpeechQueue {
  private readonly options: SpeechQueueOptions
  private held: SpeechEvent[] = []

  constructor(options: SpeechQueueOptions) {
    this.options = options
  }

  push(event: SpeechEvent): void {
    if (this.held.length === 0 && !this.options.isBlockedBy(event.turnId)) return this.options.pass(event)
    if (event.type === 'speechStarted' && this.held.length >= MAX_HELD_EVENTS) return this.options.drop(event.turnId)
    this.held.push(event)
  }

  /** Passes what is no longer blocked. */
  drain(): void {
    for (let next = this.held[0]; next && !this.options.isBlockedBy(next.turnId); next = this.held[0]) {
      this.held.shift()
      this.options.pass(next)
    }
  }

  clear(): void {
    this.held = []
  }
}
