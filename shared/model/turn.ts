// One exchange: an utterance and its reply, as it is stored once it is over.
import * as v from 'valibot'
import { EngineRole } from './engine.ts'
import { MAX_DECISIONS, SafetyDecision } from '#shared/safety/decision.ts'
import { Language } from './language.ts'
import { TurnAudio } from './turn-audio.ts'
import { TurnIdSchema } from './ids.ts'

/**
 * complete: all of it was heard. interrupted: a barge-in or the caller's command ended it; heardText is what counts.
 * failed: an engine failed. cut: the session or the node went away in the middle.
 */
export const TurnStatus = v.picklist(['complete', 'interrupted', 'failed', 'cut'])
export type TurnStatus = v.InferOutput<typeof TurnStatus>

const Ms = v.nullable(v.pipe(v.number(), v.minValue(0)))

/** Latency of each stage in milliseconds from the end of speech; null where the stage did not run. */
export const Timings = v.object({
  /** End of speech → the endpointer closed the utterance (the hard-end silence plus the VAD's own lag). */
  endpointMs: Ms,
  /** Utterance closed → final transcript. */
  sttMs: Ms,
  /** Prompt sent → first token. */
  llmFirstTokenMs: Ms,
  /** First piece given to TTS → its first audio. */
  ttsFirstAudioMs: Ms,
  /** Utterance closed (or text received) → first reply audio leaves the node. */
  replyMs: Ms,
  /** End of speech → first reply audio leaves the node: voice to voice, less the network. */
  voiceToVoiceMs: Ms,
  /** Whether the reply that was kept had been started at the soft end. */
  speculated: v.boolean(),
})
export type Timings = v.InferOutput<typeof Timings>

/** For a turn in which nothing was measured. */
export const NO_TIMINGS: Timings = {
  endpointMs: null,
  sttMs: null,
  llmFirstTokenMs: null,
  ttsFirstAudioMs: null,
  replyMs: null,
  voiceToVoiceMs: null,
  speculated: false,
}

/** Longest text of an utterance or reply that is stored: 60 s of speech are about 1,000 characters. */
export const MAX_TURN_TEXT_CHARS = 16_000
const Text = v.pipe(v.string(), v.maxLength(MAX_TURN_TEXT_CHARS))

export const Usage = v.object({
  promptTokens: v.pipe(v.number(), v.integer(), v.minValue(0)),
  completionTokens: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Audio recognised, in milliseconds. */
  inputAudioMs: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Audio synthesised and sent, in milliseconds. */
  outputAudioMs: v.pipe(v.number(), v.integer(), v.minValue(0)),
})
export type Usage = v.InferOutput<typeof Usage>

const EngineIdSchema = v.pipe(v.string(), v.maxLength(129))

/**
 * Why an engine other than the wanted one, or a simpler mode of it, did the work. queueWait: too many waited for it.
 * vram: the card is fuller than planned. failed: it failed now or a moment ago. notReady: it is not loaded or not up.
 * language: it does not speak this language.
 */
export const FallbackReason = v.picklist(['queueWait', 'vram', 'failed', 'notReady', 'language'])
export type FallbackReason = v.InferOutput<typeof FallbackReason>

/** `asked` and `used` are equal where one engine has a fast and an HQ mode and the fast one was taken. */
export const Fallback = v.object({
  role: EngineRole,
  asked: EngineIdSchema,
  used: EngineIdSchema,
  reason: FallbackReason,
})
export type Fallback = v.InferOutput<typeof Fallback>

/** Fallbacks in one turn: three roles with a few engines each have fewer. */
export const MAX_FALLBACKS = 16

export const TurnRecord = v.object({
  id: TurnIdSchema,
  /**
   * Its number in the conversation, from 1: the `turn` of audio frames. Numbers go on from session to session; some
   * have no turn.
   */
  turn: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
  source: v.picklist(['speech', 'text']),
  status: TurnStatus,
  language: Language,
  utteranceText: Text,
  /** What the caller put in place of a misheard transcript. */
  correctedText: v.nullable(Text),
  replyText: Text,
  heardText: Text,
  /** Which engine did what: the vad is absent in a text turn. */
  engines: v.object({
    vad: v.optional(EngineIdSchema),
    stt: v.optional(EngineIdSchema),
    llm: v.optional(EngineIdSchema),
    tts: v.optional(EngineIdSchema),
  }),
  /** Absent where no engine was replaced by another. */
  fallbacks: v.optional(v.pipe(v.array(Fallback), v.maxLength(MAX_FALLBACKS))),
  /** Its sound, where that is kept. */
  audio: v.optional(TurnAudio),
  timings: Timings,
  usage: Usage,
  /** W3C trace id (32 hex digits) of the turn. */
  traceId: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  startedAt: v.number(),
  endedAt: v.number(),
  /** The fault's code where status is failed. */
  faultCode: v.optional(v.string()),
  /** What the safety filters did; absent where they did nothing. */
  safety: v.optional(v.pipe(v.array(SafetyDecision), v.maxLength(MAX_DECISIONS))),
})
export type TurnRecord = v.InferOutput<typeof TurnRecord>

/** A turn as the prompt sees it: what was said, and what of the reply was heard. */
export const PastTurn = v.object({ id: TurnIdSchema, utteranceText: Text, heardText: Text })
export type PastTurn = v.InferOutput<typeof PastTurn>
