// What nodes make of voice profiles: checked, ready or rejected; which of their files are still named; what a session speaks with.
import { and, eq, inArray, or, sql } from 'drizzle-orm'
import type { StoredVoice, VoiceStore } from '#edge/ports.ts'
import type { SpeakingVoice } from '#shared/model/voice-profile.ts'
import { audioFiles } from './audio-store.ts'
import type { EdgeDatabase } from './database.ts'
import { FILES, filesOf, isOwn } from './voice-rows.ts'
import { job, turnAudio, voiceProfile } from './file-schema.ts'
import { isAttempt } from './job-store.ts'

type Prepared = Pick<VoiceStore, 'checkVoice' | 'settleVoice' | 'unnamed' | 'speakingVoice' | 'personaVoice'>

export function createVoicePreparation(db: EdgeDatabase): Prepared {
  return {
    async checkVoice(id, now) {
      const { rowsAffected } = await db
        .update(voiceProfile)
        .set({ state: 'checking', updatedAt: now })
        .where(and(eq(voiceProfile.id, id), inArray(voiceProfile.state, ['uploaded', 'checking'])))
      return rowsAffected > 0
    },

    async settleVoice(id, outcome, { job: by, now }) {
      const found =
        outcome.state === 'ready'
          ? { ...outcome, reason: null }
          : { state: outcome.state, reason: outcome.reason, quality: outcome.quality }
      const isHeld = sql`exists (select 1 from ${job} where ${isAttempt(by)})`
      const [{ rowsAffected }] = await db.batch([
        db
          .update(voiceProfile)
          .set({ ...found, updatedAt: now })
          .where(and(eq(voiceProfile.id, id), eq(voiceProfile.state, 'checking'), isHeld)),
        db.delete(job).where(isAttempt(by)),
      ])
      return rowsAffected > 0
    },

    async unnamed(hashes) {
      if (hashes.length === 0) return []
      const [voices, turns] = await db.batch([
        db
          .select(FILES)
          .from(voiceProfile)
          .where(or(inArray(voiceProfile.sha256, [...hashes]), inArray(voiceProfile.preparedSha256, [...hashes]))),
        db
          .select()
          .from(turnAudio)
          .where(or(inArray(turnAudio.utterance, [...hashes]), inArray(turnAudio.reply, [...hashes]))),
      ])
      const kept = new Set([...filesOf(voices), ...audioFiles(turns)])
      return hashes.filter((hash) => !kept.has(hash))
    },

    async speakingVoice({ userId, id }) {
      const [found] = await db.select().from(voiceProfile).where(isOwn(userId, id))
      return found && (speaking(found) ?? 'unready')
    },

    async personaVoice(id) {
      const [found] = await db.select().from(voiceProfile).where(eq(voiceProfile.id, id))
      return found && speaking(found)
    },
  }
}

function speaking({ id, state, preparedSha256, referenceText }: StoredVoice): SpeakingVoice | undefined {
  if (state !== 'ready' || preparedSha256 === null || referenceText === null) return undefined
  return { id, preparedSha256, referenceText }
}
