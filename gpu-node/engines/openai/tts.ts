// Speech synthesis by any server of POST /v1/audio/speech: our F5-TTS worker, vLLM-Omni, Kokoro-FastAPI, a hosted one.
// Yields PCM16 as it arrives, always at the engine's rate. Chosen by choose-engines.ts. Does not cut text into pieces.
import { Resampler } from '#shared/audio/resample.ts'
import { writeWav } from '#shared/audio/wav.ts'
import { FaultError } from '#shared/fault.ts'
import type { Log } from '#shared/log.ts'
import type { TtsDialect } from './dialects.ts'
import type { TtsMode } from '#shared/protocol/session-messages.ts'
import { createPcmReader, isUsualRate } from './pcm.ts'
import type { OpenAiAddress, OpenAiServer } from './request.ts'
import { engineFailed, Exchange, openAiServer } from './request.ts'
import type { Language, Script, Tts, TtsOptions } from '#gpu-node/engines/ports.ts'

/** OpenAI's limit of `input`. A speakable piece is a sentence, so only a bug comes near it. */
export const MAX_INPUT_CHARS = 4_096
/** Time to the first audio of a piece: F5-TTS makes the whole piece first. */
export const FIRST_AUDIO_TIMEOUT_MS = 15_000
/** Time between two pieces of audio after that. */
export const IDLE_TIMEOUT_MS = 10_000
/** Audio of one piece. 4,096 characters are spoken in under five minutes; models that lose their end run on for ever. */
export const MAX_PIECE_SECONDS = 300

const DEFAULT_RATE = 24_000

export interface OpenAiTtsOptions extends OpenAiAddress {
  /** The server's id of the voice that is used where a persona names none. */
  voice: string
  /** Tells which recording a voice's id stands for now, so that kept speech fits it. Absent: the id alone tells. */
  voiceId?: (voice: string) => string
  /** Rate of what the server sends and of what is yielded. A server that says another is resampled to it. */
  sampleRate?: number
  languages: readonly Language[]
  /** The only script that the model's dictionary knows, such as F5-TTS's: `hans`. */
  script?: Script
  /** OpenAI's own without it. */
  dialect?: TtsDialect
  /** The mode that a server with modes is always asked for. Absent: the mode of the request. */
  mode?: TtsMode | undefined
  log: Log
  firstAudioTimeoutMs?: number
  idleTimeoutMs?: number
}

export function createOpenAiTts(options: OpenAiTtsOptions): Tts {
  const server = openAiServer('tts', options)
  const sampleRate = options.sampleRate ?? DEFAULT_RATE
  return {
    engine: server.engine,
    sampleRate,
    script: options.script,
    canClone: options.dialect?.canClone ?? false,
    voiceId: (voice = options.voice) => options.voiceId?.(voice) ?? voice,
    speaks: (language) => options.languages.includes(language),
    synthesize: (request) => synthesize(server, { ...options, sampleRate }, request),
    close: async () => {},
  }
}

type Settings = OpenAiTtsOptions & { sampleRate: number }

async function* synthesize(
  server: OpenAiServer,
  settings: Settings,
  request: TtsOptions,
): AsyncGenerator<Int16Array, void> {
  const chars = [...request.text].length
  if (chars > MAX_INPUT_CHARS)
    throw new FaultError({
      code: 'too_large',
      limit: 'speech input',
      max: MAX_INPUT_CHARS,
      got: chars,
      unit: 'characters',
    })
  if (request.text.trim() === '') return
  const exchange = await Exchange.open(server, {
    path: 'audio/speech',
    body: requestBody(settings, request),
    signal: request.signal,
    traceparent: request.traceparent,
    limitMs: settings.firstAudioTimeoutMs ?? FIRST_AUDIO_TIMEOUT_MS,
  })
  try {
    refuseWrongType(server, exchange.contentType)
    let hasAudio = false
    for await (const pcm of readAudio(server, settings, exchange)) {
      exchange.rest()
      request.signal.throwIfAborted()
      hasAudio = true
      yield pcm
      exchange.within(settings.idleTimeoutMs ?? IDLE_TIMEOUT_MS)
    }
    request.signal.throwIfAborted()
    // Silence for "…" is right; silence for words would be a reply that nobody hears.
    if (!hasAudio && /[\p{L}\p{N}]/u.test(request.text))
      throw engineFailed(server, { detail: 'an answer without audio', transient: true })
  } finally {
    exchange.close()
  }
}

function requestBody(settings: Settings, request: TtsOptions): string {
  return JSON.stringify({
    model: settings.model,
    input: request.text,
    ...voiceOf(settings, request),
    response_format: 'pcm',
    // Never `stream: true`: vLLM-Omni takes that for server-sent events, Kokoro-FastAPI for raw bytes.
    stream_format: 'audio',
    ...dialectFields(settings, request),
  })
}

function dialectFields({ dialect, mode, sampleRate }: Settings, request: TtsOptions): Record<string, unknown> {
  const { language } = request
  const isCloned = request.reference !== undefined && (dialect?.canClone ?? false)
  return {
    ...dialect?.fields?.({ language, isCloned, sampleRate }),
    // Left out where it is undefined.
    mode: dialect?.hasModes ? (mode ?? request.mode) : undefined,
  }
}

/** A recording takes the place of a voice that the server knows; it travels within the request and is kept nowhere. */
function voiceOf(settings: Settings, { voice, reference }: TtsOptions): Record<string, string> {
  if (!reference || !settings.dialect?.canClone) return { voice: voice ?? settings.voice }
  const wav = Buffer.from(writeWav(reference.pcm, reference.sampleRate)).toString('base64')
  return { ref_audio: `data:audio/wav;base64,${wav}`, ref_text: reference.text }
}

/** Servers name raw audio in many ways, so only what cannot be PCM is refused: played, it would be loud noise. */
function refuseWrongType(server: OpenAiServer, type: string): void {
  if (/^text\/|json|mpeg|mp3|mp4|aac|ogg|opus|flac|webm/.test(type))
    throw engineFailed(server, { detail: `an answer of type ${type}`, transient: false })
}

async function* readAudio(server: OpenAiServer, settings: Settings, exchange: Exchange): AsyncGenerator<Int16Array> {
  const unreadable = (detail: string): FaultError => engineFailed(server, { detail, transient: false })
  const reader = createPcmReader(statedRate(exchange) ?? settings.sampleRate, unreadable)
  let resampler: Resampler | undefined
  let samples = 0
  for await (const bytes of exchange.bytes()) {
    const piece = reader.push(bytes)
    if (!piece) continue
    samples += piece.pcm.length
    if (samples > MAX_PIECE_SECONDS * piece.sampleRate) throw unreadable(`audio of over ${MAX_PIECE_SECONDS} s`)
    resampler ??= new Resampler(piece.sampleRate, settings.sampleRate)
    const pcm = resampler.pushPcm(piece.pcm)
    if (pcm.length > 0) yield pcm
  }
  if (reader.isTorn()) settings.log.warn({ engine: server.engine.name }, 'the audio ended within a sample')
  const tail = resampler?.flushPcm()
  if (tail && tail.length > 0) yield tail
}

/** `X-Sample-Rate`, which several servers send with headerless PCM. */
function statedRate(exchange: Exchange): number | undefined {
  const rate = Number(exchange.header('x-sample-rate') ?? Number.NaN)
  return isUsualRate(rate) ? rate : undefined
}
