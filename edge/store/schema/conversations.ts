// Tables of conversations and of the sessions in which they were held.
// drizzle-kit loads this file, so it imports only types and the tables it refers to. Times are epoch milliseconds.
import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { Quotas } from '#edge/store/quotas.ts'
import type { ConversationId, NodeId, PersonaId, SessionId, UserId } from '#shared/ids.ts'
import type { KeepAudioDays } from '#shared/model/turn-audio.ts'
import type { EndReason } from '#shared/protocol/session-messages.ts'
import { persona } from './personas.ts'
import { user } from './users.ts'

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
    // For an operator's list of everybody's conversations.
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
    /** Not written any more; the column goes with the next release. */
    resumeTokenHash: text('resume_token_hash'),
    createdAt: integer('created_at').notNull(),
    placedAt: integer('placed_at'),
    endedAt: integer('ended_at'),
    endReason: text('end_reason').$type<EndReason>(),
    /** The highest turn number that it gave, set at its end. Not every number has a stored turn. */
    lastTurn: integer('last_turn').notNull().default(0),
    /** How long the sound of its turns is kept, as its node was told. */
    keepAudioDays: integer('keep_audio_days').$type<KeepAudioDays>().notNull().default(0),
    /**
     * What it may use: the limits of its key and of the operator when it was opened. Null in sessions older than
     * quotas.
     */
    quotas: text('quotas', { mode: 'json' }).$type<Quotas>(),
    /** YYYY-MM-DD: the day whose quotas it uses, which is the day of its newest turn. */
    quotaDay: text('quota_day'),
    /** Reserved for its next turn. Counts only while the session is live, so its end releases it. */
    heldTokens: integer('held_tokens').notNull().default(0),
    heldAudioMs: integer('held_audio_ms').notNull().default(0),
    heldCostMicros: integer('held_cost_micros').notNull().default(0),
  },
  (table) => [
    // A deletion of conversations or users follows the foreign keys.
    index('session_by_conversation').on(table.conversationId),
    index('session_by_user').on(table.userId),
    index('session_live_by_user')
      .on(table.userId)
      .where(sql`state = 'live'`),
    // At most one live session per conversation. The database enforces it, because two edges may share one database.
    uniqueIndex('session_live_once')
      .on(table.conversationId)
      .where(sql`state = 'live'`),
  ],
)
