// Hears the caller: resamples what arrives, asks the VAD frame by frame, lets the endpointer decide, and cuts the audio
// into utterances with a pre-roll. Used by the runner. Knows no recogniser and no reply.
import { Resampler } from '#shared/audio/resample.ts'
import { pcmToFloat, concatPcm } from '#shared/audio/pcm.ts'
import type { Fault } from '#shared/fault.ts'
import type { TurnId } from '#shared/ids.ts'
import { invariant, unreachable } from '#shared/invariant.ts'
import { MAX_UTTERANCE_BYTES, MAX_UTTERANCE_FRAMES, MAX_UTTERANCE_MS } from '#shared/protocol/limits.ts'
import type { Vad, VadStream } from '#gpu-node/engines/ports.ts'
import { ENGINE_INPUT_RATE, VAD_FRAME_SAMPLES } from '#gpu-node/engines/ports.ts'
import { clearedAt, hear, quietAt, samplesOf } from './endpointer.ts'
import type { EndpointerEvent, EndpointerState, Thresholds } from './endpointer.ts'
import type { CloseReason, TurnEvent } from '#gpu-node/turn/machine/turn-state.ts'

/** Audio before the start of speech that the recogniser gets too: a soft first sound is below the VAD's threshold. */
export const PRE_ROLL_MS = 300

export type SpeechEvent = Extract<TurnEvent, { type: `speech${string}` }>

export interface EarOptions {
  vad: Vad
  inputRate: number
  thresholds(): Thresholds
  newTurnId(): TurnId
  onSpeech(event: SpeechEvent): void
  /** 16 kHz audio of an utterance, in order. */
  onAudio(turnId: TurnId, pcm: Int16Array): void
  onLimit(turnId: TurnId, fault: Fault): void
}

interface Listening {
  turnId: TurnId
  /** First sample that belongs to it, pre-roll included. */
  from: number
  bytes: number
  frames: number
  pauses: number
}

export class Ear {
  readonly #options: EarOptions
  readonly #resampler: Resampler
  readonly #vad: VadStream
  #endpointer: EndpointerState = quietAt(0)
  /** The frame of the VAD that fills up, and how far. Whoever gets a full one may keep it. */
  #frame = new Int16Array(VAD_FRAME_SAMPLES)
  #filled = 0
  /** The latest frames while it is quiet: pre-roll, and speech that is not yet believed. */
  #recent: Int16Array[] = []
  #current: Listening | undefined

  constructor(options: EarOptions) {
    this.#options = options
    this.#resampler = new Resampler(options.inputRate, ENGINE_INPUT_RATE)
    this.#vad = options.vad.stream()
  }

  /** Position in the caller's samples. */
  get atSample(): number {
    return this.#callerSamples(this.#endpointer.at)
  }

  /** The utterance that is open. */
  get turnId(): TurnId | undefined {
    return this.#current?.turnId
  }

  audio(pcm: Int16Array): void {
    this.#enforceLimits(pcm)
    const arrived = this.#options.inputRate === ENGINE_INPUT_RATE ? pcm : this.#resampler.pushPcm(pcm)
    for (let at = 0; at < arrived.length;) {
      const part = arrived.subarray(at, at + VAD_FRAME_SAMPLES - this.#filled)
      this.#frame.set(part, this.#filled)
      this.#filled += part.length
      at += part.length
      if (this.#filled < VAD_FRAME_SAMPLES) return
      const frame = this.#frame
      this.#frame = new Int16Array(VAD_FRAME_SAMPLES)
      this.#filled = 0
      this.#hearFrame(frame)
    }
  }

  /** Ends the utterance now, with what has arrived. Without one it does nothing: the endpointer was faster. */
  close(reason: CloseReason): void {
    const [current, endpointer] = [this.#current, this.#endpointer]
    if (!current) return
    invariant(endpointer.type === 'speech', 'an open utterance is speech')
    this.#options.onAudio(current.turnId, this.#rest())
    this.#end(reason, endpointer.speechEnd)
  }

  /** Gives the recogniser the last samples, which fill no frame of the VAD yet. Nothing else may follow. */
  flush(): void {
    if (this.#current) this.#options.onAudio(this.#current.turnId, this.#rest())
    this.#current = undefined
  }

  /** Drops the utterance, and with it what the caller goes on to say without a pause. */
  clear(): void {
    const current = this.#current
    if (!current) return
    this.#current = undefined
    this.#endpointer = clearedAt(this.#endpointer.at)
    this.#options.onSpeech({ type: 'speechCleared', turnId: current.turnId, atSample: this.atSample })
  }

  #hearFrame(frame: Int16Array): void {
    const probability = this.#vad.push(pcmToFloat(frame))
    const { state, events } = hear(this.#endpointer, probability, this.#options.thresholds())
    this.#endpointer = state
    if (this.#current) this.#options.onAudio(this.#current.turnId, frame)
    else this.#remember(frame)
    for (const event of events) this.#take(event)
  }

  /** The latest samples, which fill no frame yet. */
  #rest(): Int16Array {
    return this.#frame.slice(0, this.#filled)
  }

  #remember(frame: Int16Array): void {
    this.#recent.push(frame)
    const kept = samplesOf(PRE_ROLL_MS + this.#options.thresholds().speechStartMs) + VAD_FRAME_SAMPLES
    while ((this.#recent.length - 1) * VAD_FRAME_SAMPLES >= kept) this.#recent.shift()
  }

  #take(event: EndpointerEvent): void {
    if (event.type === 'started') return this.#begin(event.atSample)
    const current = this.#current
    if (!current) return
    const { turnId } = current
    switch (event.type) {
      case 'insisted':
        return this.#options.onSpeech({ type: 'speechInsisted', turnId })
      case 'softEnd':
        current.pauses++
        return this.#options.onSpeech({ type: 'speechPaused', turnId, pause: current.pauses })
      case 'wentOn':
        return this.#options.onSpeech({ type: 'speechWentOn', turnId })
      case 'hardEnd':
        return this.#end('silence', event.speechEnd)
      default:
        return unreachable(event)
    }
  }

  #begin(atSample: number): void {
    const heard = concatPcm(this.#recent)
    const wanted = Math.min(heard.length, this.#endpointer.at - atSample + samplesOf(PRE_ROLL_MS))
    const turnId = this.#options.newTurnId()
    this.#recent = []
    this.#current = { turnId, from: this.#endpointer.at - wanted, bytes: 0, frames: 0, pauses: 0 }
    this.#options.onSpeech({ type: 'speechStarted', turnId, atSample: this.#callerSamples(atSample) })
    this.#options.onAudio(turnId, heard.slice(heard.length - wanted))
  }

  #end(reason: CloseReason, speechEnd: number): void {
    const current = this.#current
    invariant(current, 'there is an utterance to end')
    const silenceMs = ((this.#endpointer.at - speechEnd) * 1000) / ENGINE_INPUT_RATE
    this.#current = undefined
    this.#endpointer = quietAt(this.#endpointer.at)
    this.#options.onSpeech({ type: 'speechEnded', turnId: current.turnId, atSample: this.atSample, silenceMs, reason })
  }

  /** Before the audio that would pass a limit, so that no limit is passed. */
  #enforceLimits(pcm: Int16Array): void {
    const current = this.#current
    if (!current) return
    current.bytes += pcm.byteLength
    current.frames++
    const samples = this.#endpointer.at + this.#filled - current.from
    const ms = Math.round((samples * 1000) / ENGINE_INPUT_RATE + (pcm.length * 1000) / this.#options.inputRate)
    const passed = [
      { max: MAX_UTTERANCE_MS, got: ms, unit: 'ms' },
      { max: MAX_UTTERANCE_BYTES, got: current.bytes, unit: 'bytes' },
      { max: MAX_UTTERANCE_FRAMES, got: current.frames, unit: 'frames' },
    ].find(({ max, got }) => got > max)
    if (!passed) return
    this.#options.onLimit(current.turnId, { code: 'too_large', limit: 'utterance', ...passed })
    this.close('limit')
  }

  #callerSamples(at: number): number {
    return Math.round((at * this.#options.inputRate) / ENGINE_INPUT_RATE)
  }
}
