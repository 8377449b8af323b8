// parley.chat.v1, the caller's wire at /ws/chat. A minimal client says in session.start that it acknowledges nothing, pings while
// it sends nothing else, and needs seven: session.start, audio up, session.ready, transcript.final, reply.text, audio down,
// reply.done.
import * as v from 'valibot'
import { EngineInfo } from '#shared/model/engine.ts'
import { Language } from '#shared/model/language.ts'
import { TurnOptions, TurnOptionsPatch } from '#shared/model/turn-options.ts'
import {
  Ack,
  AudioFormat,
  DownMessage,
  EndReason,
  FaultMessage,
  GoAway,
  Notice,
  Seq,
  SessionUpdate,
  Skipped,
  TtsMode,
  UpMessage,
} from './session-messages.ts'
import { ConversationIdSchema, PersonaIdSchema, SessionIdSchema, VoiceProfileIdSchema } from '#shared/model/ids.ts'

/** The handshake: the first message of a new session. Everything in it is optional. */
export const SessionStart = v.object({
  type: v.literal('session.start'),
  personaId: v.optional(PersonaIdSchema),
  /** A voice of the caller's own, which is ready; the persona's without it. */
  voiceProfileId: v.optional(VoiceProfileIdSchema),
  language: v.optional(Language),
  ttsMode: v.optional(TtsMode),
  audio: v.optional(v.partial(AudioFormat)),
  /** The conversation to go on with; a new one without it. */
  conversationId: v.optional(ConversationIdSchema),
  options: v.optional(TurnOptionsPatch),
  /**
   * Whether the caller acknowledges what it is sent; true without it. Who says false sends no `ack`, cannot resume, and has heard
   * whatever was sent. Who says nothing and acknowledges nothing is told `too_large {limit: replay}` after MAX_REPLAY_MS.
   */
  acks: v.optional(v.boolean()),
})
export type SessionStart = v.InferOutput<typeof SessionStart>

/** Longer than any that is good: see MAX_TOKEN_CHARS in edge/http/access/identities.ts. */
const MAX_TOKEN_CHARS = 8 * 1024

/** Caller → edge. */
export const ChatUp = v.variant('type', [
  SessionStart,
  /**
   * Goodbye. The node finishes what it has to say for up to 3 s and waits up to 2 s for the caller's acknowledgements; then comes
   * session.ended. Until then the conversation is not free for another session.
   */
  v.object({ type: v.literal('session.end') }),
  Ack,
  ...UpMessage.options.filter(({ entries: { type } }) => type.literal !== 'session.update'),
  v.object({
    ...SessionUpdate.entries,
    /** A key or token of the same user, which takes the place of the one that ends. It stays at the edge. */
    token: v.optional(v.pipe(v.string(), v.maxLength(MAX_TOKEN_CHARS))),
  }),
])
export type ChatUp = v.InferOutput<typeof ChatUp>

const Ms = v.pipe(v.number(), v.integer(), v.minValue(1))

/**
 * The caller pings while it sends nothing else: a muted microphone, push-to-talk, text only. The edge does not ping callers. After
 * `deadAfterMs` without a frame of either end the other one counts as lost: the edge closes with 4100, the caller dials to resume.
 */
export const Heartbeat = v.object({ pingEveryMs: Ms, deadAfterMs: Ms })

/** Messages that the edge makes itself carry an id instead of a number, and may arrive twice. */
const made = { id: v.string() }

/** Edge → caller. */
export const ChatDown = v.variant('type', [
  v.object({
    ...made,
    type: v.literal('session.ready'),
    sessionId: SessionIdSchema,
    conversationId: ConversationIdSchema,
    /** Rides as the subprotocol parley.resume.<token>; a new one comes with each session.resumed. Absent where `acks` is false. */
    resumeToken: v.optional(v.string()),
    /**
     * Where to dial for it, on the same host, with `&received=` and the highest number that arrived. Absent where `acks` is false.
     */
    resumeUrl: v.optional(v.string()),
    heartbeat: Heartbeat,
    personaId: PersonaIdSchema,
    personaName: v.string(),
    language: Language,
    audio: AudioFormat,
    options: TurnOptions,
    engines: v.array(EngineInfo),
  }),
  /** `received`: the edge has the caller's messages up to this number; the rest is sent again. */
  v.object({
    ...made,
    type: v.literal('session.resumed'),
    sessionId: SessionIdSchema,
    resumeToken: v.string(),
    received: Seq,
  }),
  /** Another node has the session now; nothing else changes. */
  v.object({ ...made, type: v.literal('session.moved'), epoch: v.number() }),
  v.object({ ...made, type: v.literal('session.ended'), reason: EndReason }),
  GoAway,
  FaultMessage,
  /** With a number where the node says it, with an id where the edge does. */
  v.object({ ...Notice.entries, seq: v.optional(Seq), id: v.optional(v.string()) }),
  Ack,
  Skipped,
  ...DownMessage.options.filter(
    ({ entries: { type } }) => type.literal !== 'fault' && type.literal !== 'session.notice',
  ),
])
export type ChatDown = v.InferOutput<typeof ChatDown>
