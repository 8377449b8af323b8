// Tables of users and their API keys.
// drizzle-kit loads this file, so it imports only types and the tables it refers to. Times are epoch milliseconds.
import { integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { ApiKeyId, UserId } from '#shared/ids.ts'
import type { KeyLimits, Scope } from '#shared/model/caller.ts'
import type { KeepAudioDays } from '#shared/model/turn-audio.ts'

export const user = sqliteTable('user', {
  id: text('id').$type<UserId>().primaryKey(),
  createdAt: integer('created_at').notNull(),
  /** How long the sound of his turns is kept; null: the persona decides. */
  keepAudioDays: integer('keep_audio_days').$type<KeepAudioDays>(),
  /**
   * YYYY-MM-DD, set when he deletes his account: usage up to this day is removed once the day is over. Until then it
   * counts.
   */
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
    /** To the minute, so that not every request writes. */
    lastUsedAt: integer('last_used_at'),
    revokedAt: integer('revoked_at'),
  },
  (table) => [uniqueIndex('api_key_hash').on(table.keyHash)],
)
