// The table of personas, as their operator keeps them.
// drizzle-kit loads this file, so it imports only types and the tables it refers to. Times are epoch milliseconds.
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { PersonaId, VoiceProfileId } from '#shared/ids.ts'
import type { EngineWishes } from '#shared/model/engine.ts'
import type { Language, Script } from '#shared/model/language.ts'
import type { PersonaLimits } from '#shared/model/persona.ts'
import type { SafetyPolicy } from '#shared/model/safety-policy.ts'
import type { KeepAudioDays } from '#shared/model/turn-audio.ts'
import type { TtsMode } from '#shared/protocol/session-messages.ts'

export const persona = sqliteTable('persona', {
  id: text('id').$type<PersonaId>().primaryKey(),
  name: text('name').notNull(),
  instructions: text('instructions').notNull(),
  language: text('language').$type<Language>().notNull(),
  voice: text('voice'),
  ttsMode: text('tts_mode').$type<TtsMode>().notNull().default('fast'),
  /** The script that Chinese is written in; null leaves it as it comes. */
  script: text('script').$type<Script>(),
  /** The voice it speaks with. Set to null when the profile is removed, so there is no foreign key. */
  voiceProfileId: text('voice_profile_id').$type<VoiceProfileId>(),
  keepAudioDays: integer('keep_audio_days').$type<KeepAudioDays>().notNull().default(0),
  limits: text('limits', { mode: 'json' }).$type<PersonaLimits>().notNull().default({}),
  engines: text('engines', { mode: 'json' }).$type<EngineWishes>().notNull().default({}),
  /** Null: DEFAULT_SAFETY_POLICY. */
  safety: text('safety', { mode: 'json' }).$type<SafetyPolicy>(),
  createdAt: integer('created_at').notNull(),
})
