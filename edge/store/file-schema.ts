// The tables that name files, of voices and of the sound of turns, and that of work that must not be forgotten; schema.ts has the others. Imports types only, so that drizzle-kit can
// load it.
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { BlobHash } from '#shared/blob.ts'
import type { JobId, TurnId, UserId, VoiceProfileId } from '#shared/ids.ts'
import type { Language } from '#shared/model/language.ts'
import type { VoiceQuality, VoiceRejection, VoiceState } from '#shared/model/voice-profile.ts'
import { turn, user } from './schema.ts'

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

/** The sound of a turn, as FLAC. */
export const turnAudio = sqliteTable(
  'turn_audio',
  {
    turnId: text('turn_id')
      .$type<TurnId>()
      .primaryKey()
      .references(() => turn.id),
    utterance: text('utterance').$type<BlobHash>(),
    reply: text('reply').$type<BlobHash>(),
    /** When it goes. */
    until: integer('until').notNull(),
  },
  (table) => [
    index('turn_audio_by_until').on(table.until),
    index('turn_audio_by_utterance').on(table.utterance),
    index('turn_audio_by_reply').on(table.reply),
  ],
)

/** Work that outlives whoever began it. A row is gone when it is done. */
export const job = sqliteTable(
  'job',
  {
    id: text('id').$type<JobId>().primaryKey(),
    kind: text('kind').$type<'voice.prepare'>().notNull(),
    /** The id of what it is about: the facts are read when it is done, not when it is planned. */
    subject: text('subject').notNull(),
    /** How often it was begun; only the last one that began it may end it. */
    attempt: integer('attempt').notNull(),
    /** Not before; of one that is being done: when whoever does it counts as gone. */
    runAfter: integer('run_after').notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [index('job_due').on(table.kind, table.runAfter), index('job_by_subject').on(table.subject)],
)
