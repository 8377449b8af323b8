// The table of what each user used on each day.
// drizzle-kit loads this file, so it imports only types and the tables it refers to. Times are epoch milliseconds.
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { UserId } from '#shared/ids.ts'
import { user } from './users.ts'

/**
 * The sum over the turns of one user and day (UTC). Kept as a table of its own because quotas read it at each session.
 */
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
