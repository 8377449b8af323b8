// A caller of Parley whose microphone never stops: it speaks when it is told to, and notes when its own speech began and ended and
// when the reply's first audio came. Used by voice-to-voice.ts, embedded.ts, engines/calls.ts and peers.ts; the socket work is the
// product's own client.
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
import { Microphone, MICROPHONE_RATE } from './microphone.ts'
import { monotonicMs } from './monotonic.ts'

/** A turn that takes longer has gone wrong. */
export const TURN_TIMEOUT_MS = 30_000

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
  readonly #microphone = new Microphone((frame) => this.#client.sendAudio(frame))
  #turn: Partial<Pick<CalledTurn, 'hardEndSample' | 'firstAudioAtMs'>> = {}
  #ordinal = 0
  #done = Promise.withResolvers<CalledTurn>()
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
      start: { audio: { ...DEFAULT_AUDIO_FORMAT, inputRate: MICROPHONE_RATE }, options },
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
    this.#microphone.start()
    return this
  }

  /** As the microphone's. */
  spokenAtMs(sample: number): number {
    return this.#microphone.spokenAtMs(sample)
  }

  /** As the microphone's. */
  frameAtMs(sample: number): number {
    return this.#microphone.frameAtMs(sample)
  }

  /** Says this (PCM16 mono at 16 kHz) at the pace of life and resolves when the reply is done. */
  speak(pcm: Int16Array): Promise<CalledTurn> {
    this.#begin()
    this.#microphone.say(pcm)
    return this.#finished()
  }

  /** Sends this, and the silence that ends it, as fast as can be. Time is counted in samples, so it is a turn as any other. */
  pour(pcm: Int16Array, silenceMs: number): Promise<CalledTurn> {
    this.#begin()
    this.#microphone.pour(pcm, silenceMs)
    return this.#finished()
  }

  async end(): Promise<void> {
    this.#microphone.stop()
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
    const { said } = this.#microphone
    const { hardEndSample, firstAudioAtMs } = this.#turn
    if (said === undefined) return this.#fail('a reply to nothing')
    if (hardEndSample === undefined || firstAudioAtMs === undefined) return this.#fail('a reply without audio')
    this.#done.resolve({
      speechBegunAtMs: said.begunAtMs,
      speechEndedAtMs: said.endedAtMs,
      speechEndSample: said.endSample,
      hardEndSample,
      firstAudioAtMs,
      timings,
    })
  }

  #fail(why: string): void {
    const error = new Error(why)
    this.#ready.reject(error)
    this.#done.reject(error)
  }
}
