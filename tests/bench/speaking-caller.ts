// A caller whose microphone never stops: 20 ms of audio every 20 ms, silence unless it is told to speak. Notes when its own
// speech began and ended and when the reply's first audio came. Used by voice-to-voice.ts and embedded.ts; the socket work is
// the product's own client.
import { openCallerSocket } from '#edge/cli/caller-socket.ts'
import { createChatClient } from '#shared/client/chat-client.ts'
import type { ChatClient } from '#shared/client/client-options.ts'
import { createPlayback, type Playback } from '#shared/client/playback.ts'
import { createVirtualSpeaker } from '#shared/client/virtual-speaker.ts'
import { systemClock } from '#shared/clock.ts'
import type { Timings } from '#shared/model/turn.ts'
import type { TurnOptionsPatch } from '#shared/model/turn-options.ts'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'
import { DEFAULT_AUDIO_FORMAT } from '#shared/protocol/session-messages.ts'
import { monotonicMs } from './monotonic.ts'

const FRAME_MS = 20
const SAMPLES_PER_MS = DEFAULT_AUDIO_FORMAT.inputRate / 1000
const FRAME_SAMPLES = FRAME_MS * SAMPLES_PER_MS
/** A turn that takes longer has gone wrong. */
const TURN_TIMEOUT_MS = 30_000

export interface CalledTurn {
  /** When the first frame of speech left. */
  speechBegunAtMs: number
  /** When the last sample of speech was spoken, by the microphone's own pace. */
  speechEndedAtMs: number
  /** Positions in the caller's audio. */
  speechEndSample: number
  hardEndSample: number
  firstAudioAtMs: number
  /** As the node measured them. */
  timings: Timings
}

export interface SpeakingCallerOptions {
  url: string
  key: string
  options: TurnOptionsPatch
}

export class SpeakingCaller {
  readonly #client: ChatClient
  readonly #playback: Playback
  readonly #ready = Promise.withResolvers<void>()
  readonly #silence = new Int16Array(FRAME_SAMPLES)
  #sentSamples = 0
  /** When the microphone began: from then on 16,000 samples a second are spoken, however late our timers are. */
  #startedAtMs = 0
  /** What is still to be said. */
  #speech = new Int16Array(0)
  #turn: Partial<CalledTurn> = {}
  #ordinal = 0
  #done = Promise.withResolvers<CalledTurn>()
  #cancelFrame: () => void = () => {}
  /** How often an engine gave way to a simpler one. */
  degraded = 0

  constructor({ url, key, options }: SpeakingCallerOptions) {
    const clock = systemClock
    this.#playback = createPlayback({
      clock,
      speaker: createVirtualSpeaker(clock, DEFAULT_AUDIO_FORMAT.outputRate),
      onProgress: (turnId, playedSamples) => this.#client.send({ type: 'playback.progress', turnId, playedSamples }),
    })
    this.#client = createChatClient({
      url: url.replace(/^http/, 'ws'),
      openSocket: (address, protocols) => openCallerSocket(address, protocols, key),
      clock,
      start: { audio: DEFAULT_AUDIO_FORMAT, options },
      onMessage: (message) => this.#hear(message),
      onAudio: (turn, pcm) => {
        if (turn === this.#ordinal) this.#turn.firstAudioAtMs ??= monotonicMs()
        this.#playback.audio(turn, pcm)
      },
      onState: (state, detail) => {
        if (state === 'ended') this.#fail(`the session ended: ${detail}`)
      },
    })
  }

  /** Resolves when the session is ready and the microphone runs. */
  async open(): Promise<this> {
    await this.#ready.promise
    this.#startedAtMs = monotonicMs()
    let frames = 0
    const tick = (): void => {
      if (frames > 0) this.#sendFrame()
      // A frame leaves when its last sample was spoken; a late timer is made good by the next one.
      const dueAt = this.#startedAtMs + ++frames * FRAME_MS
      this.#cancelFrame = systemClock.after(Math.max(0, dueAt - monotonicMs()), tick)
    }
    tick()
    return this
  }

  /** When the sample at this position of the caller's audio was spoken, on monotonic.ts's clock. Not after pour(). */
  spokenAtMs(sample: number): number {
    return this.#startedAtMs + sample / SAMPLES_PER_MS
  }

  /** When the frame that holds this sample was complete: the earliest moment at which it could leave. */
  frameAtMs(sample: number): number {
    return this.spokenAtMs(Math.ceil(sample / FRAME_SAMPLES) * FRAME_SAMPLES)
  }

  /** Says this (PCM16 mono at 16 kHz) at the pace of life and resolves when the reply is done. */
  speak(pcm: Int16Array): Promise<CalledTurn> {
    this.#begin()
    this.#speech = pcm.slice()
    return this.#finished()
  }

  /** Sends this, and the silence that ends it, as fast as can be. Time is counted in samples, so it is a turn as any other. */
  pour(pcm: Int16Array, silenceMs: number): Promise<CalledTurn> {
    this.#begin()
    this.#turn.speechBegunAtMs = monotonicMs()
    this.#client.sendAudio(pcm)
    this.#sentSamples += pcm.length
    this.#turn.speechEndedAtMs = monotonicMs()
    this.#turn.speechEndSample = this.#sentSamples
    const silence = new Int16Array(silenceMs * SAMPLES_PER_MS)
    this.#client.sendAudio(silence)
    this.#sentSamples += silence.length
    return this.#finished()
  }

  async end(): Promise<void> {
    this.#cancelFrame()
    this.#done.promise.catch(() => {})
    await this.#client.end()
    this.#playback.close()
  }

  #begin(): void {
    this.#turn = {}
    this.#done = Promise.withResolvers()
  }

  #finished(): Promise<CalledTurn> {
    const cancel = systemClock.after(TURN_TIMEOUT_MS, () => this.#fail('no reply in time'))
    return this.#done.promise.finally(cancel)
  }

  #sendFrame(): void {
    const speech = this.#speech.subarray(0, FRAME_SAMPLES)
    const frame = speech.length === 0 ? this.#silence : this.#filled(speech)
    this.#client.sendAudio(frame)
    const begunAtSample = this.#sentSamples
    this.#sentSamples += FRAME_SAMPLES
    if (speech.length === 0) return
    this.#turn.speechBegunAtMs ??= monotonicMs()
    this.#speech = this.#speech.subarray(speech.length)
    if (this.#speech.length > 0) return
    this.#turn.speechEndSample = begunAtSample + speech.length
    this.#turn.speechEndedAtMs = this.spokenAtMs(this.#turn.speechEndSample)
  }

  /** Every frame has the same length, as a microphone's has: the last one of a speech ends in silence. */
  #filled(speech: Int16Array): Int16Array {
    if (speech.length === FRAME_SAMPLES) return speech
    const frame = new Int16Array(FRAME_SAMPLES)
    frame.set(speech)
    return frame
  }

  #hear(message: ChatDown): void {
    this.#playback.message(message)
    switch (message.type) {
      case 'session.ready':
        return this.#ready.resolve()
      case 'utterance.ended':
        this.#turn.hardEndSample = message.atSample
        return
      case 'reply.started':
        this.#ordinal = message.turn
        return
      case 'reply.done':
        return this.#finish(message.timings)
      case 'session.notice':
        if (message.notice === 'degraded') this.degraded++
        return
      case 'fault':
        return this.#fail(`fault ${message.code}`)
      default:
    }
  }

  #finish(timings: Timings): void {
    const { speechBegunAtMs, speechEndedAtMs, speechEndSample, hardEndSample, firstAudioAtMs } = this.#turn
    if (speechBegunAtMs === undefined || speechEndedAtMs === undefined || speechEndSample === undefined)
      return this.#fail('a reply to nothing')
    if (hardEndSample === undefined || firstAudioAtMs === undefined) return this.#fail('a reply without audio')
    const times = { speechBegunAtMs, speechEndedAtMs, speechEndSample, hardEndSample, firstAudioAtMs }
    this.#done.resolve({ ...times, timings })
  }

  #fail(why: string): void {
    const error = new Error(why)
    this.#ready.reject(error)
    this.#done.reject(error)
  }
}
