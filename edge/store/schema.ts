// The tables of the edge, and nothing else. Migrations are generated from this file (`drizzle-kit generate`); the stores
// beside it are the only ones to read it. Times are epoch milliseconds. Imports types only, so that drizzle-kit can load it.
import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { KeyLimits, Quotas, Scope } from '#edge/ports.ts'
import type {
  ApiKeyId,
  ConversationId,
  NodeId,
  PersonaId,
  SessionId,
  TurnId,
  UserId,
  VoiceProfileId,
} from '#shared/ids.ts'
import type { EngineWishes } from '#shared/model/engine.ts'
import type { KeepAudioDays } from '#shared/model/turn-audio.ts'
import type { Language, Script } from '#shared/model/language.ts'
import type { PersonaLimits } from '#shared/model/persona.ts'
import type { SafetyPolicy } from '#shared/model/safety-policy.ts'
import type { Fallback, Timings, TurnRecord, TurnStatus } from '#shared/model/turn.ts'
import type { EndReason, TtsMode } from '#shared/protocol/session-messages.ts'
import type { SafetyDecision } from '#shared/safety/decision.ts'

export const user = sqliteTable('user', {
  id: text('id').$type<UserId>().primaryKey(),
  createdAt: integer('created_at').notNull(),
  /** Of the sound of his turns; null for as the persona says. */
  keepAudioDays: integer('keep_audio_days').$type<KeepAudioDays>(),
  /** YYYY-MM-DD: what was used until then is forgotten when that day is over; until then it counts. */
  forgetUsageOf: text('forget_usage_of'),
})

export const apiKey = sqliteTable(
  'api_key',
  {
    id: text('id').$type<ApiKeyId>().primaryKey(),
    userId: text('user_id')
      .$type<UserId>()
      .notNull()
      .references(() => user.id),
    name: text('name').notNull(),
    /** SHA-256 of the key: 256 random bits need no salt and no slow hash. */
    keyHash: text('key_hash').notNull(),
    scopes: text('scopes', { mode: 'json' }).$type<Scope[]>().notNull(),
    origins: text('origins', { mode: 'json' }).$type<string[]>(),
    limits: text('limits', { mode: 'json' }).$type<KeyLimits>().notNull().default({}),
    expiresAt: integer('expires_at'),
    createdAt: integer('created_at').notNull(),
    /** To the hour, so that reading does not mean writing. */
    lastUsedAt: integer('last_used_at'),
    revokedAt: integer('revoked_at'),
  },
  (table) => [uniqueIndex('api_key_hash').on(table.keyHash)],
)

export const persona = sqliteTable('persona', {
  id: text('id').$type<PersonaId>().primaryKey(),
  name: text('name').notNull(),
  instructions: text('instructions').notNull(),
  language: text('language').$type<Language>().notNull(),
  voice: text('voice'),
  ttsMode: text('tts_mode').$type<TtsMode>().notNull().default('fast'),
  /** In which script Chinese is written; null where it stays as it comes. */
  script: text('script').$type<Script>(),
  /** Whose voice it speaks with; gone with the profile, so it refers to none. */
  voiceProfileId: text('voice_profile_id').$type<VoiceProfileId>(),
  keepAudioDays: integer('keep_audio_days').$type<KeepAudioDays>().notNull().default(0),
  limits: text('limits', { mode: 'json' }).$type<PersonaLimits>().notNull().default({}),
  engines: text('engines', { mode: 'json' }).$type<EngineWishes>().notNull().default({}),
  /** Null for the usual filters. */
  safety: text('safety', { mode: 'json' }).$type<SafetyPolicy>(),
  createdAt: integer('created_at').notNull(),
})

export const node = sqliteTable(
  'node',
  {
    id: text('id').$type<NodeId>().primaryKey(),
    name: text('name').notNull(),
    tokenHash: text('token_hash').notNull(),
    createdAt: integer('created_at').notNull(),
    revokedAt: integer('revoked_at'),
  },
  (table) => [uniqueIndex('node_token_hash').on(table.tokenHash)],
)

export const conversation = sqliteTable(
  'conversation',
  {
    id: text('id').$type<ConversationId>().primaryKey(),
    userId: text('user_id')
      .$type<UserId>()
      .notNull()
      .references(() => user.id),
    personaId: text('persona_id')
      .$type<PersonaId>()
      .notNull()
      .references(() => persona.id),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    index('conversation_by_user').on(table.userId, table.updatedAt),
    // An operator lists everybody's.
    index('conversation_by_time').on(table.updatedAt),
  ],
)

export const session = sqliteTable(
  'session',
  {
    id: text('id').$type<SessionId>().primaryKey(),
    conversationId: text('conversation_id')
      .$type<ConversationId>()
      .notNull()
      .references(() => conversation.id),
    userId: text('user_id')
      .$type<UserId>()
      .notNull()
      .references(() => user.id),
    personaId: text('persona_id')
      .$type<PersonaId>()
      .notNull()
      .references(() => persona.id),
    state: text('state').$type<'live' | 'ended'>().notNull(),
    /** The count of placements; 0 before the first. */
    epoch: integer('epoch').notNull(),
    nodeId: text('node_id').$type<NodeId>(),
    resumeTokenHash: text('resume_token_hash'),
    createdAt: integer('created_at').notNull(),
    placedAt: integer('placed_at'),
    endedAt: integer('ended_at'),
    endReason: text('end_reason').$type<EndReason>(),
    /** What its node was told. */
    keepAudioDays: integer('keep_audio_days').$type<KeepAudioDays>().notNull().default(0),
    /** What it may use, as its key and the house said when it was opened; null in sessions of before there were quotas. */
    quotas: text('quotas', { mode: 'json' }).$type<Quotas>(),
    /** YYYY-MM-DD: the day whose quotas it draws on, that of its newest turn. */
    quotaDay: text('quota_day'),
    /** What its next turn may use; counts while the session is live, so that its end is the release. */
    heldTokens: integer('held_tokens').notNull().default(0),
    heldAudioMs: integer('held_audio_ms').notNull().default(0),
    heldCostMicros: integer('held_cost_micros').notNull().default(0),
  },
  (table) => [
    // Whoever deletes conversations and users follows the foreign keys.
    index('session_by_conversation').on(table.conversationId),
    index('session_by_user').on(table.userId),
    index('session_live_by_user')
      .on(table.userId)
      .where(sql`state = 'live'`),
    // One live session a conversation, held by the database: two edges may share it.
    uniqueIndex('session_live_once')
      .on(table.conversationId)
      .where(sql`state = 'live'`),
  ],
)

export const turn = sqliteTable(
  'turn',
  {
    id: text('id').$type<TurnId>().primaryKey(),
    conversationId: text('conversation_id')
      .$type<ConversationId>()
      .notNull()
      .references(() => conversation.id),
    sessionId: text('session_id')
      .$type<SessionId>()
      .notNull()
      .references(() => session.id),
    /** Ordinal in the session. */
    turn: integer('turn').notNull(),
    source: text('source').$type<TurnRecord['source']>().notNull(),
    status: text('status').$type<TurnStatus>().notNull(),
    language: text('language').$type<Language>().notNull(),
    utteranceText: text('utterance_text').notNull(),
    correctedText: text('corrected_text'),
    replyText: text('reply_text').notNull(),
    heardText: text('heard_text').notNull(),
    engines: text('engines', { mode: 'json' }).$type<TurnRecord['engines']>().notNull(),
    timings: text('timings', { mode: 'json' }).$type<Timings>().notNull(),
    /** Null where every engine was the wanted one. */
    fallbacks: text('fallbacks', { mode: 'json' }).$type<Fallback[]>(),
    /** Null where the filters had nothing to do. */
    safety: text('safety', { mode: 'json' }).$type<SafetyDecision[]>(),
    promptTokens: integer('prompt_tokens').notNull(),
    completionTokens: integer('completion_tokens').notNull(),
    inputAudioMs: integer('input_audio_ms').notNull(),
    outputAudioMs: integer('output_audio_ms').notNull(),
    /** By the prices of when it was stored, in millionths. */
    costMicros: integer('cost_micros').notNull().default(0),
    traceId: text('trace_id').notNull(),
    startedAt: integer('started_at').notNull(),
    endedAt: integer('ended_at').notNull(),
    faultCode: text('fault_code'),
    storedAt: integer('stored_at').notNull(),
  },
  (table) => [
    index('turn_by_conversation').on(table.conversationId, table.startedAt, table.turn),
    index('turn_by_session').on(table.sessionId),
  ],
)

/**
 * The number by which the search knows a turn. A number of its own, because VACUUM may give rows of other tables new ones. The words
 * themselves are in the FTS5 table turn_search (migrations/edge), which drizzle does not know.
 */
export const turnSearchRow = sqliteTable(
  'turn_search_row',
  {
    id: integer('id').primaryKey(),
    turnId: text('turn_id')
      .$type<TurnId>()
      .notNull()
      .references(() => turn.id),
  },
  (table) => [uniqueIndex('turn_search_by_turn').on(table.turnId)],
)

export const feedback = sqliteTable('feedback', {
  turnId: text('turn_id')
    .$type<TurnId>()
    .primaryKey()
    .references(() => turn.id),
  vote: text('vote').$type<'up' | 'down'>().notNull(),
  comment: text('comment'),
  updatedAt: integer('updated_at').notNull(),
})

/** What a user used on one day (UTC). The sum of the turns, kept apart because quotas read it at each session. */
export const usage = sqliteTable(
  'usage',
  {
    userId: text('user_id')
      .$type<UserId>()
      .notNull()
      .references(() => user.id),
    /** YYYY-MM-DD of the turn's start. */
    day: text('day').notNull(),
    turns: integer('turns').notNull(),
    promptTokens: integer('prompt_tokens').notNull(),
    completionTokens: integer('completion_tokens').notNull(),
    inputAudioMs: integer('input_audio_ms').notNull(),
    outputAudioMs: integer('output_audio_ms').notNull(),
    costMicros: integer('cost_micros').notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.userId, table.day] }), index('usage_by_day').on(table.day)],
)
