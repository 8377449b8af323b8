// What this node does with voice profiles: prepares what was uploaded, gives sessions the reference of their voice, speaks for a try, and
// forgets. Made in gpu-node/start-node.ts. Knows no socket.
import { randomBytes } from 'node:crypto'
import * as v from 'valibot'
import { concatPcm, pcmToBytes } from '#shared/audio/pcm.ts'
import { resamplePcm } from '#shared/audio/resample.ts'
import { sniffAudio, SNIFFED_BYTES } from '#shared/audio/sniff-audio.ts'
import { readWav, writeWav } from '#shared/audio/wav.ts'
import type { Clock } from '#shared/clock.ts'
import { FaultError, invalid, notFound } from '#shared/fault.ts'
import type { Log } from '#shared/log.ts'
import { engineId } from '#shared/model/engine.ts'
import type { Language } from '#shared/model/language.ts'
import type { Fallback } from '#shared/model/turn.ts'
import type { SpeakingVoice } from '#shared/model/voice-profile.ts'
import {
  PIECE_NONCE_BYTES,
  SpeechRender,
  VoiceForget,
  VoicePrepare,
  type SpeechRendered,
  type VoicePrepared,
} from '#shared/protocol/voice-requests.ts'
import { ENGINE_INPUT_RATE, type Engines, type RecordedText } from '#gpu-node/engines/ports.ts'
import { createBlobClient, type BlobClient } from '#gpu-node/blob-client.ts'
import { couldBeSaid } from './could-be-said.ts'
import { decodeFile } from './decode.ts'
import { findProgram } from './find-program.ts'
import { firstPieceOf } from './first-piece.ts'
import { Lane } from './lane.ts'
import { PREPARED_RATE, prepareRecording } from './prepare-recording.ts'
import { VoiceFiles } from './voice-files.ts'

/** Pieces of each lane, with the one under way. More need another node, or another time. */
const MAX_WAITING = 4
const RETRY_AFTER_MS = 5_000
/** Below the edge's own deadline, so that its engines are free again when it gives up. */
const RECOGNISE_MS = 60_000
/** Files whose decoding timed out: a file gets one more try, and then the blame. */
const MAX_TIMED_OUT = 256
const SPEAK_MS = 25_000

export interface VoicesOptions {
  engines: Engines
  blobs: BlobClient
  files: VoiceFiles
  clock: Clock
  log: Log
  /** Undefined where the machine has none. */
  ffmpeg: string | undefined
  /** The speech cache drops what was spoken with it. */
  forgetSpeech: (voice: SpeakingVoice['preparedSha256']) => Promise<void>
}

/** `folder`: of the node's data. */
export function createVoices(
  { edgeUrl, token, folder }: { edgeUrl: string; token: string; folder: string },
  rest: Pick<VoicesOptions, 'engines' | 'clock' | 'log' | 'forgetSpeech'>,
): Voices {
  const blobs = createBlobClient({ edgeUrl, token })
  const files = new VoiceFiles({ folder, blobs })
  files.sweep(rest.clock.now()).catch((error: unknown) => rest.log.warn({ error }, 'cannot sweep old uploads'))
  return new Voices({ ...rest, blobs, files, ffmpeg: findProgram('ffmpeg') })
}

export class Voices {
  readonly #options: VoicesOptions
  /** Decoding, recognising and speaking must not stand in the way of calls; a try does not wait for uploads. */
  readonly #preparing = new Lane(MAX_WAITING)
  readonly #speaking = new Lane(MAX_WAITING)
  readonly #timedOut = new Set<string>()

  constructor(options: VoicesOptions) {
    this.#options = options
  }

  /** One method per request of parley.node.v1. */
  readonly methods = {
    'voice.prepare': (params: unknown, signal: AbortSignal): Promise<VoicePrepared> => {
      const request = read(VoicePrepare, params)
      return this.#preparing.run(() => this.#prepare(request, signal), signal, request.userId)
    },
    'speech.render': (params: unknown, signal: AbortSignal): Promise<SpeechRendered> => {
      const request = read(SpeechRender, params)
      return this.#speaking.run(() => this.#render(request, signal), signal, request.userId)
    },
    'voice.forget': async (params: unknown): Promise<object> => {
      const { preparedSha256 } = read(VoiceForget, params)
      await this.#options.files.forget(preparedSha256)
      await this.#options.forgetSpeech(preparedSha256)
      return {}
    },
  }

  /** Throws FaultError where its file cannot be had. */
  async reference({ preparedSha256, referenceText: text }: SpeakingVoice, signal?: AbortSignal): Promise<RecordedText> {
    const { samples: pcm, sampleRate } = readWav(await this.#options.files.get(preparedSha256, signal))
    return { text, pcm, sampleRate, hash: preparedSha256 }
  }

  async #prepare(
    { sha256, language, referenceText, profileId }: VoicePrepare,
    signal: AbortSignal,
  ): Promise<VoicePrepared> {
    const { blobs, files, engines, log } = this.#options
    const bytes = await blobs.get(sha256, signal)
    const kind = sniffAudio(bytes.subarray(0, SNIFFED_BYTES))
    if (!kind) return { outcome: 'rejected', reason: 'unreadable' }
    const decoding = {
      ...this.#options,
      signal,
      isLastTry: this.#timedOut.has(sha256),
      onTimeout: () => this.#noteTimeout(sha256),
    }
    const decoded = await files.withFile(bytes, (path) => decodeFile(path, kind, decoding))
    if (decoded.outcome !== 'decoded') return { outcome: 'rejected', reason: decoded.outcome }
    const prepared = await prepareRecording(decoded.pcm, decoded.sampleRate, engines.vad)
    if (prepared.outcome === 'rejected') return prepared
    const { pcm, isCut, quality } = prepared
    // If speech was left out, the owner's words are too many. Other words cannot have been said in this time.
    const isRight = referenceText !== null && !isCut && couldBeSaid(referenceText, quality.speechMs)
    const words = isRight ? referenceText : await this.#recognised(pcm, language, signal)
    if (words === '') return { outcome: 'rejected', reason: 'noTranscript', quality }
    const preparedSha256 = await blobs.put(writeWav(pcm, PREPARED_RATE), signal)
    log.info({ voiceProfileId: profileId, kind, isCut, ...quality }, 'prepared a voice')
    return { outcome: 'ready', preparedSha256, referenceText: words, quality }
  }

  #noteTimeout(sha256: string): void {
    this.#timedOut.add(sha256)
    const [oldest] = this.#timedOut
    if (this.#timedOut.size > MAX_TIMED_OUT && oldest !== undefined) this.#timedOut.delete(oldest)
  }

  async #recognised(pcm: Int16Array, language: Language, ended: AbortSignal): Promise<string> {
    const signal = AbortSignal.any([ended, AbortSignal.timeout(RECOGNISE_MS)])
    const stream = await this.#options.engines.stt.open({ language, signal })
    try {
      stream.push(resamplePcm(pcm, PREPARED_RATE, ENGINE_INPUT_RATE))
      return (await stream.finish()).trim()
    } finally {
      stream.close()
    }
  }

  async #render({ text, language, ttsMode, voice }: SpeechRender, ended: AbortSignal): Promise<SpeechRendered> {
    const { tts } = this.#options.engines
    // Waiting changes nothing: this node has no such engine.
    if (!tts.canClone) throw notFound('engine', 'cloning')
    const { spoken, rest } = firstPieceOf(text, language, tts.script)
    const engine = engineId(tts.engineFor?.(ttsMode) ?? tts.engine)
    if (spoken === '') return { sha256: null, engine, sampleRate: tts.sampleRate, rest }
    const signal = AbortSignal.any([ended, AbortSignal.timeout(SPEAK_MS)])
    const reference = await this.reference(voice, signal)
    // Another engine than the wanted one would speak with another voice: that is no try of this one.
    let isOther = false
    const onFallback = ({ asked, used }: Fallback): void => void (isOther ||= asked !== used)
    const onBroken = (): void => void (isOther = true)
    const request = { text: spoken, language, mode: ttsMode, reference, signal, onFallback, onBroken }
    const frames: Int16Array[] = []
    for await (const frame of tts.synthesize(request)) frames.push(frame)
    if (isOther) throw new FaultError({ code: 'unavailable', what: 'voice', retryAfterMs: RETRY_AFTER_MS })
    const pcm = pcmToBytes(concatPcm(frames))
    const file = Buffer.concat([randomBytes(PIECE_NONCE_BYTES), pcm])
    const sha256 = pcm.byteLength === 0 ? null : await this.#options.blobs.put(new Uint8Array(file), signal)
    return { sha256, engine, sampleRate: tts.sampleRate, rest }
  }
}

function read<const S extends v.GenericSchema>(schema: S, params: unknown): v.InferOutput<S> {
  const parsed = v.safeParse(schema, params)
  if (parsed.success) return parsed.output
  const issues = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? 'params'}: ${issue.message}`)
  throw invalid(issues)
}
