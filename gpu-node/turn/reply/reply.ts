// One attempt at a reply: its pipeline and its pacer under one signal, from the start until it was heard, failed or was
// stopped. Used by replies.ts. Knows no state machine; tells what happens through callbacks.
import type { Fault } from '#shared/fault.ts'
import { faultOf } from '#shared/fault.ts'
import { logFailure } from '#gpu-node/turn/log-failure.ts'
import { ReplyPacer } from './reply-pacer.ts'
import type { PacerOptions } from './reply-pacer.ts'
import { ReplyPipeline } from './reply-pipeline.ts'
import type { PipelineOptions } from './reply-pipeline.ts'
import type { StopReason } from '#gpu-node/turn/machine/turn-state.ts'

/** A sound that goes on for so long without a word is none that a reply waits for: music, a cough that does not end. */
export const MAX_WORDLESS_PAUSE_MS = 1_500

export interface ReplyOptions {
  pipeline: Omit<PipelineOptions, 'signal' | 'pacer'>
  pacer: Omit<PacerOptions, 'clock' | 'outputRate'>
  /** The turn's: whatever stops the turn stops each of its attempts. */
  turnSignal: AbortSignal
  isSpeculative: boolean
  onFailed(fault: Fault): void
  /** It has been paused for MAX_WORDLESS_PAUSE_MS. */
  onPauseLasted(): void
}

export class Reply {
  readonly #options: ReplyOptions
  readonly #controller = new AbortController()
  #cancelPause: () => void = () => {}
  readonly pacer: ReplyPacer
  readonly pipeline: ReplyPipeline
  readonly isSpeculative: boolean
  /** Settles, never rejects, when no engine works for it any more. */
  readonly over: Promise<void>

  constructor(options: ReplyOptions) {
    const { clock, outputRate } = options.pipeline
    const signal = AbortSignal.any([options.turnSignal, this.#controller.signal])
    this.#options = options
    this.isSpeculative = options.isSpeculative
    this.pacer = new ReplyPacer({ ...options.pacer, clock, outputRate })
    this.pipeline = new ReplyPipeline({ ...options.pipeline, signal, pacer: this.pacer })
    this.over = this.#run(options, signal)
  }

  pause(): void {
    const { clock } = this.#options.pipeline
    this.pacer.pause()
    this.#cancelPause()
    this.#cancelPause = clock.after(MAX_WORDLESS_PAUSE_MS, () => this.#options.onPauseLasted())
  }

  resume(): void {
    this.#cancelPause()
    this.pacer.resume()
  }

  stop(reason: StopReason): void {
    this.#cancelPause()
    this.pacer.stop()
    this.#controller.abort(reason)
  }

  async #run(options: ReplyOptions, signal: AbortSignal): Promise<void> {
    try {
      await this.pipeline.run()
    } catch (thrown) {
      // Aborted: whoever did it knows why, and it is no failure.
      if (signal.aborted) return
      const fault = faultOf(thrown)
      logFailure(options.pipeline.log, thrown, 'a reply failed')
      this.stop(fault.code === 'deadline_exceeded' ? 'deadline' : 'replaced')
      options.onFailed(fault)
    }
  }
}
