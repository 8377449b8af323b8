// The four ports behind which engines stand. The turn knows these and never an engine.
// Failures are FaultError engine_failed with the stage; an aborted signal rejects with signal.reason, which is no failure.
import type { EngineInfo } from '#shared/model/engine.ts'
import type { Language, Script } from '#shared/model/language.ts'
import type { Fallback } from '#shared/model/turn.ts'
import type { TtsMode } from '#shared/protocol/session-messages.ts'

export type { Language, Script }

/** Sample rate of everything that VAD and STT see. */
export const ENGINE_INPUT_RATE = 16_000
/** Samples of one VAD frame: 32 ms at 16 kHz. */
export const VAD_FRAME_SAMPLES = 512

/** Voice activity detection. Runs synchronously on the main thread: one frame costs under a millisecond. */
export interface Vad {
  readonly engine: EngineInfo
  stream(): VadStream
}
export interface VadStream {
  /** Takes exactly VAD_FRAME_SAMPLES samples in [-1, 1] and returns the probability of speech, 0–1. */
  push(frame: Float32Array): number
  reset(): void
}

/** Another engine than the wanted one, or a simpler mode of it, has given its first result. */
export type OnFallback = (fallback: Fallback) => void

/** Speech recognition. */
export interface Stt {
  readonly engine: EngineInfo
  /** How many utterances can be recognised at once; undefined where the engine queues by itself. */
  readonly slots?: number
  /**
   * The same engines with this one, by name or id, asked first; undefined where there is none of that name. Absent where there is only one
   * engine.
   */
  preferring?(wish: string): Stt | undefined
  open(options: SttOptions): Promise<SttStream>
  close(): Promise<void>
}
export interface SttOptions {
  language: Language
  signal: AbortSignal
  /** The text so far, each time it changes. Not called after finish(), close() or abort. */
  onPartial?: (text: string) => void
  /** Text that the engine may take for what was said before, and whose script it then writes; others ignore it. */
  prompt?: string
  onFallback?: OnFallback
  /** W3C traceparent of the turn. */
  traceparent?: string
}
/** One utterance. */
export interface SttStream {
  /** PCM16 mono at ENGINE_INPUT_RATE; any length. Never blocks; the engine takes a copy. */
  push(pcm: Int16Array): void
  /** The text of all that was pushed so far, as good as the engine can; the stream stays open. */
  snapshot(): Promise<string>
  /** The final text. Ends the stream. */
  finish(): Promise<string>
  /** Drops the utterance and frees its slot. Idempotent. */
  close(): void
}

/** A message of the prompt, as in the OpenAI chat completions contract. */
export interface PromptMessage {
  role: 'system' | 'user' | 'assistant'
  content: string
}
/** Text generation. */
export interface Llm {
  readonly engine: EngineInfo
  /** See Stt. */
  preferring?(wish: string): Llm | undefined
  complete(options: LlmOptions): AsyncIterable<LlmDelta>
  close(): Promise<void>
}
export interface LlmOptions {
  messages: PromptMessage[]
  language: Language
  maxTokens: number
  signal: AbortSignal
  onFallback?: OnFallback
  traceparent?: string
}
/** A piece of text, and once, at the end where the engine tells, the usage. */
export type LlmDelta =
  | { type: 'text'; text: string }
  | { type: 'usage'; promptTokens: number; completionTokens: number }

/** Speech synthesis. */
export interface Tts {
  readonly engine: EngineInfo
  /** Sample rate of what synthesize() yields, in Hz. */
  readonly sampleRate: number
  /** The script in which it wants its Chinese, where it reads the other one badly. */
  readonly script?: Script
  /** Whether it can speak in the voice of a recording: see TtsOptions.reference. */
  readonly canClone?: boolean
  /** The engine that speaks in this mode, where that is another one than `engine`. */
  engineFor?(mode: TtsMode): EngineInfo
  /** Identifies the sound of this voice in this mode: its name, and the recording that the name stands for now. */
  voiceId?(voice: string | undefined, mode: TtsMode): string
  /** A session will want this mode: what is loaded on demand is loaded. Never throws. */
  prepare?(mode: TtsMode): void
  /** See Stt. */
  preferring?(wish: string): Tts | undefined
  /** Whether there is a voice for this language. */
  speaks(language: Language): boolean
  synthesize(options: TtsOptions): AsyncIterable<Int16Array>
  close(): Promise<void>
}
export interface TtsOptions {
  /** One speakable piece: a clause or a sentence. */
  text: string
  language: Language
  /** Id of a voice of the engine; the engine's default without it. */
  voice?: string
  /** `fast` without it. */
  mode?: TtsMode
  /** Speak in the voice of this recording, instead of `voice`. Only for engines that can clone. */
  reference?: RecordedText
  /** The engine itself must speak: a cache would prove nothing. */
  isFresh?: boolean
  signal: AbortSignal
  onFallback?: OnFallback
  /** What was yielded is not the whole piece: the engine broke off, and no other can go on within it. */
  onBroken?: () => void
  traceparent?: string
}

/** Words, and the sound of somebody saying them. */
export interface RecordedText {
  text: string
  /** PCM16 mono. */
  pcm: Int16Array
  sampleRate: number
  /** Set for a voice profile: what is said in this voice may be kept under this hash, until the profile is deleted. */
  hash?: string
}

/** What a turn needs, one engine a role. */
export interface Engines {
  vad: Vad
  stt: Stt
  llm: Llm
  tts: Tts
}
