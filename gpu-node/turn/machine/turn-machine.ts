// Runs the state machine: one event after the other, each with all its effects, and a bug in one of them ends what is
// under way and not the session. Used by the runner, which knows what the effects are made of.
import type { Log } from '#shared/log.ts'
import { logFailure } from '#gpu-node/turn/log-failure.ts'
import type { ReducerOptions, TurnEffect, TurnEvent, TurnState } from './turn-state.ts'
import { LISTENING, reduce } from './turn-reduce.ts'

export interface TurnMachineOptions {
  log: Log
  options: () => ReducerOptions
  run: (effect: TurnEffect) => void
  /** After each event: what waited for it may go on. */
  onStep: () => void
  /** A bug of ours: `end` ends what the state machine knows of, the rest is the receiver's to drop. */
  onBroken: (end: () => void) => void
}

export class TurnMachine {
  readonly #options: TurnMachineOptions
  #state: TurnState = LISTENING
  /** Events that came while one was being worked on: few, since each comes from one effect. */
  readonly #waiting: TurnEvent[] = []
  #isRunning = false

  constructor(options: TurnMachineOptions) {
    this.#options = options
  }

  /** An effect's own events wait until the effects before them are done. */
  dispatch(event: TurnEvent): void {
    this.#waiting.push(event)
    if (this.#isRunning) return
    this.#isRunning = true
    try {
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) this.#step(next)
    } finally {
      this.#isRunning = false
    }
  }

  #step(event: TurnEvent): void {
    try {
      for (const effect of this.#reduce(event)) this.#options.run(effect)
      this.#options.onStep()
    } catch (thrown) {
      logFailure(this.#options.log, thrown, 'a turn broke')
      this.#options.onBroken(() => this.#cut())
    }
  }

  #cut(): void {
    for (const effect of this.#reduce({ type: 'ended', status: 'cut', reason: 'replaced' })) {
      try {
        this.#options.run(effect)
      } catch (thrown) {
        logFailure(this.#options.log, thrown, 'a broken turn could not be ended')
      }
    }
  }

  #reduce(event: TurnEvent): TurnEffect[] {
    const { state, effects } = reduce(this.#state, event, this.#options.options())
    this.#state = state
    return effects
  }
}
