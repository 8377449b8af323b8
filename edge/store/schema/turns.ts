// Tables of turns and of what refers to one turn: its row in the search, the feedback on it, its sound.
// drizzle-kit loads this file, so it imports only types and the tables it refers to. Times are epoch milliseconds.
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { BlobHash } from '#shared/blob.ts'
import type { ConversationId, SessionId, TurnId } from '#shared/ids.ts'
import type { Language } from '#shared/model/language.ts'
import type { Fallback, Timings, TurnRecord, TurnStatus } from '#shared/model/turn.ts'
import type { SafetyDecision } from '#shared/safety/decision.ts'
import { conversation, session } from './conversations.ts'

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
    /** Its number in the conversation, across sessions. */
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
    /** Null where no engine was replaced by another. */
    fallbacks: text('fallbacks', { mode: 'json' }).$type<Fallback[]>(),
    /** Null where no filter acted. */
    safety: text('safety', { mode: 'json' }).$type<SafetyDecision[]>(),
    promptTokens: integer('prompt_tokens').notNull(),
    completionTokens: integer('completion_tokens').notNull(),
    inputAudioMs: integer('input_audio_ms').notNull(),
    outputAudioMs: integer('output_audio_ms').notNull(),
    /** By the prices at the time when it was stored; millionths of the currency. */
    costMicros: integer('cost_micros').notNull().default(0),
    traceId: text('trace_id').notNull(),
    startedAt: integer('started_at').notNull(),
    endedAt: integer('ended_at').notNull(),
    faultCode: text('fault_code'),
    storedAt: integer('stored_at').notNull(),
  },
  (table) => [
    index('turn_by_conversation').on(table.conversationId, table.startedAt, table.turn),
    // A turn is named by its number, and a correction must not meet two.
    uniqueIndex('turn_number_once').on(table.conversationId, table.turn),
    index('turn_by_session').on(table.sessionId),
  ],
)

/**
 * The rowid of a turn in the full-text index. It is a column of its own because VACUUM may renumber implicit rowids.
 * The words themselves are in the FTS5 table turn_search (migrations/edge), which drizzle does not know.
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

/** The kept sound of a turn, as FLAC files. */
export const turnAudio = sqliteTable(
  'turn_audio',
  {
    turnId: text('turn_id')
      .$type<TurnId>()
      .primaryKey()
      .references(() => turn.id),
    utterance: text('utterance').$type<BlobHash>(),
    reply: text('reply').$type<BlobHash>(),
    /** When it is removed. */
    until: integer('until').notNull(),
  },
  (table) => [
    index('turn_audio_by_until').on(table.until),
    index('turn_audio_by_utterance').on(table.utterance),
    index('turn_audio_by_reply').on(table.reply),
  ],
)
