// parley.session.v1: the data wire of one session between edge and node, and the set of session messages behind every
// client wire. Numbered messages (`seq`) are relayed end to end between caller and node; the others belong to one leg.
import * as v from 'valibot'
import { EngineInfo } from '#shared/model/engine.ts'
import { Language } from '#shared/model/language.ts'
import { Persona } from '#shared/model/persona.ts'
import { TurnOptions, TurnOptionsPatch } from '#shared/model/turn-options.ts'
import { PastTurn, Timings, TurnStatus } from '#shared/model/turn.ts'
import { VoiceChoice } from '#shared/model/voice-choice.ts'
import { CallerText } from './caller-text.ts'
import { SpeakingVoice } from '#shared/model/voice-profile.ts'
import { MAX_GOAWAY_MS } from './limits.ts'
import { ConversationIdSchema, SessionIdSchema, TurnIdSchema } from '#shared/model/ids.ts'

/** A link's number: u32, from 1, one counter a direction for text and audio alike. 0 means "nothing yet". */
export const Seq = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff_ffff))
const seq = { seq: Seq }
const Count = v.pipe(v.number(), v.integer(), v.minValue(0))
/** The highest turn number that an audio frame can carry (u16). */
export const MAX_TURN_NUMBER = 65_535
const TurnNumber = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_TURN_NUMBER))

export const TtsMode = v.picklist(['fast', 'hq'])
export type TtsMode = v.InferOutput<typeof TtsMode>
export const SAMPLE_RATES = [8_000, 16_000, 24_000, 48_000] as const
const SampleRate = v.picklist(SAMPLE_RATES)
export const AudioFormat = v.object({ inputRate: SampleRate, outputRate: SampleRate })
export type AudioFormat = v.InferOutput<typeof AudioFormat>
export const DEFAULT_AUDIO_FORMAT: AudioFormat = { inputRate: 16_000, outputRate: 24_000 }

/** What may be changed during a session; what is absent stays. */
export const SessionUpdate = v.object({
  ...seq,
  type: v.literal('session.update'),
  options: v.optional(TurnOptionsPatch),
  ttsMode: v.optional(TtsMode),
  language: v.optional(Language),
  voice: v.optional(VoiceChoice),
})

/** Relayed from the caller to the node. */
export const UpMessage = v.variant('type', [
  /** The caller says that the utterance is over. */
  v.object({ ...seq, type: v.literal('utterance.commit') }),
  /** The utterance that is open is dropped. */
  v.object({ ...seq, type: v.literal('utterance.clear') }),
  /** A turn by text. During a reply it interrupts. */
  v.object({ ...seq, type: v.literal('text.send'), text: CallerText }),
  /** The reply ends; what was heard is kept. */
  v.object({ ...seq, type: v.literal('reply.interrupt') }),
  /** Samples of this turn's reply that left the loudspeaker, at the agreed output rate; every 200 ms and on clear. */
  v.object({ ...seq, type: v.literal('playback.progress'), turnId: TurnIdSchema, playedSamples: Count }),
  v.object({ ...seq, type: v.literal('transcript.correct'), turnId: TurnIdSchema, text: CallerText }),
  SessionUpdate,
])
export type UpMessage = v.InferOutput<typeof UpMessage>

/**
 * Stands for a numbered message that the edge could not read: it uses up the number, so that the far end sees no gap.
 * The receiver counts it and does nothing else. Only the edge makes it.
 */
export const Skipped = v.object({ ...seq, type: v.literal('message.skipped') })

/**
 * The edge is about to close this socket, for a restart or a deployment: dial again no earlier than so long after this message.
 * Neither numbered nor answered. A session that was not ended lives on: resume it.
 */
export const GoAway = v.object({
  type: v.literal('goaway'),
  retryAfterMs: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_GOAWAY_MS)),
})

/**
 * voiceUnavailable: `detail` is the language that has no voice, or `caller` where none can speak like him, `profile` where
 * none can take the voice that was chosen. degraded: an engine
 * gave way to a simpler one, told when that begins or changes; `detail` is its role and a FallbackReason, such as
 * `tts queueWait`. restored: the wanted engine is back; `detail` is its role. limitNear: `detail` is a Quota and how many percent of
 * it are used at least, `tokens 80`; after `tokens 100` what is being said is finished, and the session ends with
 * quota_exhausted. draining: the node will stop; the conversation goes on elsewhere. tokenEnds: the key or token behind the session
 * ends at `endsAt`; then what is being said is finished, and the session ends with unauthenticated. tokenRenewed: another one is behind
 * it now, until `endsAt`.
 */
export const NOTICES = [
  'voiceUnavailable',
  'degraded',
  'restored',
  'limitNear',
  'draining',
  'tokenEnds',
  'tokenRenewed',
] as const

export const Notice = v.object({
  type: v.literal('session.notice'),
  notice: v.picklist(NOTICES),
  turnId: v.optional(TurnIdSchema),
  detail: v.optional(v.string()),
  /** Of tokenEnds, and of tokenRenewed unless the new one never ends. */
  endsAt: v.optional(v.number()),
})

/** A fault as the peer sees it: see publicFault(). */
export const FaultMessage = v.object({
  type: v.literal('fault'),
  /** Absent where the fault belongs to one leg and is not relayed. */
  seq: v.optional(Seq),
  code: v.string(),
  message: v.string(),
  turnId: v.optional(TurnIdSchema),
  limit: v.optional(v.string()),
  max: v.optional(v.number()),
  got: v.optional(v.number()),
  unit: v.optional(v.string()),
  retryAfterMs: v.optional(v.number()),
  /** Of no_capacity: why a node with free slots takes no one. Of unauthenticated: what was wrong. */
  reason: v.optional(v.string()),
  /** Of forbidden: the scope that is missing. */
  needs: v.optional(v.string()),
  issues: v.optional(v.array(v.string())),
  stage: v.optional(v.string()),
  kind: v.optional(v.string()),
  id: v.optional(v.string()),
  /** Of quota_exhausted: a Quota, and when it begins anew. */
  quota: v.optional(v.string()),
  resetAt: v.optional(v.number()),
})
export type FaultMessage = v.InferOutput<typeof FaultMessage>

/** Relayed from the node to the caller. */
export const DownMessage = v.variant('type', [
  /** `atSample` counts the caller's samples since session.start, at the agreed input rate. */
  v.object({ ...seq, type: v.literal('utterance.started'), turnId: TurnIdSchema, turn: TurnNumber, atSample: Count }),
  v.object({
    ...seq,
    type: v.literal('utterance.ended'),
    turnId: TurnIdSchema,
    atSample: Count,
    reason: v.picklist(['silence', 'commit', 'limit', 'cleared', 'noSpeech']),
  }),
  v.object({ ...seq, type: v.literal('transcript.partial'), turnId: TurnIdSchema, text: v.string() }),
  v.object({ ...seq, type: v.literal('transcript.final'), turnId: TurnIdSchema, text: v.string(), language: Language }),
  v.object({ ...seq, type: v.literal('reply.started'), turnId: TurnIdSchema, turn: TurnNumber }),
  /** One piece, sent when its audio starts; `startSample` counts this reply's samples at the output rate. */
  v.object({ ...seq, type: v.literal('reply.text'), turnId: TurnIdSchema, text: v.string(), startSample: Count }),
  /** The client silences at once and keeps what it has not played. */
  v.object({ ...seq, type: v.literal('reply.paused'), turnId: TurnIdSchema }),
  /** The client goes on from the first unheard sample. */
  v.object({ ...seq, type: v.literal('reply.resumed'), turnId: TurnIdSchema }),
  /** The client drops what it has not played, unless status is complete: then it plays to the end. */
  v.object({
    ...seq,
    type: v.literal('reply.done'),
    turnId: TurnIdSchema,
    status: TurnStatus,
    replyText: v.string(),
    heardText: v.string(),
    /** Samples of reply audio that were sent. */
    sentSamples: Count,
    timings: Timings,
  }),
  v.object({ ...seq, type: v.literal('transcript.corrected'), turnId: TurnIdSchema, text: v.string() }),
  /** The options that are now in force. */
  v.object({
    ...seq,
    type: v.literal('session.updated'),
    options: TurnOptions,
    language: Language,
    ttsMode: TtsMode,
    /** Absent from a node that knows the persona's voice only. */
    voice: v.optional(v.object({ source: v.picklist(['persona', 'caller']) })),
  }),
  v.object({ ...seq, ...Notice.entries }),
  v.object({ ...FaultMessage.entries, seq: Seq }),
])
export type DownMessage = v.InferOutput<typeof DownMessage>

/** Cumulative: everything up to and including this number has arrived. */
export const Ack = v.object({ type: v.literal('ack'), received: Seq })
export const END_REASONS = [
  'caller',
  'callerGone',
  'idle',
  'maxDuration',
  'nodeLost',
  'replaced',
  'shutdown',
  'fault',
] as const
export const EndReason = v.picklist(END_REASONS)
export type EndReason = v.InferOutput<typeof EndReason>

/** The first message on a data socket: all that the node needs to go on with this conversation. */
export const SessionBegin = v.object({
  type: v.literal('session.begin'),
  sessionId: SessionIdSchema,
  conversationId: ConversationIdSchema,
  epoch: Count,
  persona: Persona,
  /** The voice that it speaks with; the persona's own where there is none, or the edge does not know profiles yet. */
  voiceProfile: v.optional(v.nullable(SpeakingVoice), null),
  /** The sound of its turns is wanted: it is recorded, and comes with each. */
  keepAudio: v.optional(v.boolean(), false),
  language: Language,
  ttsMode: TtsMode,
  audio: AudioFormat,
  options: TurnOptions,
  /** Oldest first, at most MAX_CONTEXT_BYTES. */
  turns: v.array(PastTurn),
  /** The first number that the node gives to a message. */
  nextSeq: Seq,
  /** The ordinal of the next turn. */
  nextTurn: TurnNumber,
  /** Rides as parley.resume.<token> when the node dials again. */
  resumeToken: v.string(),
})
export type SessionBegin = v.InferOutput<typeof SessionBegin>

/** Edge → node on the data socket. */
export const EdgeSessionMessage = v.variant('type', [
  SessionBegin,
  /** After a resumed dial: the number up to which the edge has the node's messages, and a fresh token. */
  v.object({ type: v.literal('session.resumed'), received: Seq, resumeToken: v.string() }),
  v.object({ type: v.literal('session.end'), reason: EndReason }),
  GoAway,
  /** The fault on an unreadable message of this leg; not relayed. */
  FaultMessage,
  Ack,
  Skipped,
  ...UpMessage.options,
])
export type EdgeSessionMessage = v.InferOutput<typeof EdgeSessionMessage>

/** Node → edge on the data socket. */
export const NodeSessionMessage = v.variant('type', [
  /** Engines are ready for this session. */
  v.object({ type: v.literal('session.begun'), engines: v.array(EngineInfo) }),
  /** The node gives the session up, for example on a bug. */
  v.object({ type: v.literal('session.failed'), code: v.string() }),
  Ack,
  ...DownMessage.options,
])
export type NodeSessionMessage = v.InferOutput<typeof NodeSessionMessage>

type WithoutSeq<T> = T extends unknown ? Omit<T, 'seq'> : never
/** A down message before the link has numbered it. */
export type UnnumberedDown = WithoutSeq<DownMessage>
/** An up message before the link has numbered it. */
export type UnnumberedUp = WithoutSeq<UpMessage>
