// A caller's microphone that never stops: 20 ms of audio every 20 ms, silence unless it is told to speak. It is counted by its own
// clock: a sample was spoken when its turn came, however late our timers are. It knows no wire; speaking-caller.ts and
// peers/peer-caller.ts send what it gives.
import { systemClock } from '#shared/clock.ts'
import { monotonicMs } from './monotonic.ts'

export const MICROPHONE_RATE = 16_000
const FRAME_MS = 20
const SAMPLES_PER_MS = MICROPHONE_RATE / 1000
const FRAME_SAMPLES = FRAME_MS * SAMPLES_PER_MS

/** When and where something was said; times by monotonic.ts's clock. */
export interface Said {
  /** When the first frame of speech left. */
  begunAtMs: number
  /** When the last sample of speech was spoken, by the microphone's own pace. */
  endedAtMs: number
  /** Position in the caller's audio. */
  endSample: number
}

export class Microphone {
  readonly #send: (frame: Int16Array) => void
  readonly #silence = new Int16Array(FRAME_SAMPLES)
  #sentSamples = 0
  /** When it began: from then on 16,000 samples a second are spoken. */
  #startedAtMs = 0
  /** What is still to be said. */
  #speech = new Int16Array(0)
  #begunAtMs: number | undefined
  #said: Said | undefined
  #cancelFrame: () => void = () => {}

  constructor(send: (frame: Int16Array) => void) {
    this.#send = send
  }

  start(): void {
    this.#startedAtMs = monotonicMs()
    let frames = 0
    const tick = (): void => {
      if (frames > 0) this.#sendFrame()
      // A frame leaves when its last sample was spoken; a late timer is made good by the next one.
      const dueAt = this.#startedAtMs + ++frames * FRAME_MS
      this.#cancelFrame = systemClock.after(Math.max(0, dueAt - monotonicMs()), tick)
    }
    tick()
  }

  stop(): void {
    this.#cancelFrame()
  }

  /** What the last say() or pour() said; undefined until its last sample was spoken. */
  get said(): Said | undefined {
    return this.#said
  }

  /** When the sample at this position of the caller's audio was spoken. Not after pour(). */
  spokenAtMs(sample: number): number {
    return this.#startedAtMs + sample / SAMPLES_PER_MS
  }

  /** When the frame that holds this sample was complete: the earliest moment at which it could leave. */
  frameAtMs(sample: number): number {
    return this.spokenAtMs(Math.ceil(sample / FRAME_SAMPLES) * FRAME_SAMPLES)
  }

  /** Says this (PCM16 mono) at the pace of life, from the next frame on. */
  say(pcm: Int16Array): void {
    this.#begin()
    this.#speech = pcm.slice()
  }

  /** Sends this, and the silence behind it, as fast as can be. */
  pour(pcm: Int16Array, silenceMs: number): void {
    this.#begin()
    const begunAtMs = monotonicMs()
    this.#give(pcm)
    this.#said = { begunAtMs, endedAtMs: monotonicMs(), endSample: this.#sentSamples }
    this.#give(new Int16Array(silenceMs * SAMPLES_PER_MS))
  }

  #begin(): void {
    this.#begunAtMs = undefined
    this.#said = undefined
  }

  #give(pcm: Int16Array): void {
    this.#send(pcm)
    this.#sentSamples += pcm.length
  }

  #sendFrame(): void {
    const speech = this.#speech.subarray(0, FRAME_SAMPLES)
    const begunAtSample = this.#sentSamples
    this.#give(speech.length === 0 ? this.#silence : this.#filled(speech))
    if (speech.length === 0) return
    this.#begunAtMs ??= monotonicMs()
    this.#speech = this.#speech.subarray(speech.length)
    if (this.#speech.length > 0) return
    const endSample = begunAtSample + speech.length
    this.#said = { begunAtMs: this.#begunAtMs, endedAtMs: this.spokenAtMs(endSample), endSample }
  }

  /** Every frame has the same length, as a microphone's has: the last one of a speech ends in silence. */
  #filled(speech: Int16Array): Int16Array {
    if (speech.length === FRAME_SAMPLES) return speech
    const frame = new Int16Array(FRAME_SAMPLES)
    frame.set(speech)
    return frame
  }
}
