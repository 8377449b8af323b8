// The table of voice profiles: the recording, its consent, and what a node made of it. The files are in the blob store.
// drizzle-kit loads this file, so it imports only types and the tables it refers to. Times are epoch milliseconds.
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { BlobHash } from '#shared/blob.ts'
import type { UserId, VoiceProfileId } from '#shared/ids.ts'
import type { Language } from '#shared/model/language.ts'
import type { VoiceQuality, VoiceRejection, VoiceState } from '#shared/model/voice-profile.ts'
import { user } from './users.ts'

export const voiceProfile = sqliteTable(
  'voice_profile',
  {
    id: text('id').$type<VoiceProfileId>().primaryKey(),
    userId: text('user_id')
      .$type<UserId>()
      .notNull()
      .references(() => user.id),
    name: text('name').notNull(),
    language: text('language').$type<Language>().notNull(),
    state: text('state').$type<VoiceState>().notNull(),
    reason: text('reason').$type<VoiceRejection>(),
    /** Null where a node is to write down what is said. */
    referenceText: text('reference_text'),
    /** In the words in which it was given, at createdAt. */
    consent: text('consent').notNull(),
    /** The recording as it came. */
    sha256: text('sha256').$type<BlobHash>().notNull(),
    mediaType: text('media_type').notNull(),
    bytes: integer('bytes').notNull(),
    /** What engines are given. */
    preparedSha256: text('prepared_sha256').$type<BlobHash>(),
    quality: text('quality', { mode: 'json' }).$type<VoiceQuality>(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    // The same recording twice is one voice.
    uniqueIndex('voice_profile_once').on(table.userId, table.sha256),
    index('voice_profile_by_sha256').on(table.sha256),
    index('voice_profile_by_prepared').on(table.preparedSha256),
  ],
)
