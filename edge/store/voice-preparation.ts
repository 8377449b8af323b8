// What nodes make of voice profiles (ready or rejected), which files are still named, and which voice a session speaks
// with.
import { and, eq, inArray, or, sql } from 'drizzle-orm'
import { job } from '#edge/store/schema/jobs.ts'
import { turnAudio } from '#edge/store/schema/turns.ts'
import { voiceProfile } from '#edge/store/schema/voices.ts'
import type { BlobHash } from '#shared/blob.ts'
import type { UserId, VoiceProfileId } from '#shared/ids.ts'
import type { SpeakingVoice, VoiceQuality, VoiceRejection } from '#shared/model/voice-profile.ts'
import { audioFiles } from './audio-store.ts'
import { runBatch, type EdgeDatabase } from './database.ts'
import { isAttempt, type Job } from './job-store.ts'
import { FILES, filesOf, isOwn, type StoredVoice } from './voice-rows.ts'

export type VoiceOutcome =
  | { state: 'ready'; preparedSha256: BlobHash; referenceText: string; quality: VoiceQuality }
  | { state: 'rejected'; reason: VoiceRejection; quality: VoiceQuality | null }

export interface VoicePreparation {
  /** A node begins to check it. False where the profile is gone, or needs no check. */
  checkVoice(id: VoiceProfileId, now: number): Promise<boolean>
  /**
   * Writes what came of the job and ends the job. Writes nothing where the profile is gone or was changed meanwhile.
   * Returns whether the outcome was kept.
   */
  settleVoice(id: VoiceProfileId, outcome: VoiceOutcome, by: { job: Job; now: number }): Promise<boolean>
  /** Returns those of the files that nothing names any more. */
  unnamed(hashes: readonly BlobHash[]): Promise<BlobHash[]>
  /** The voice that a user chose for a session; `unready` where it is not ready. */
  speakingVoice(choice: { userId: UserId; id: VoiceProfileId }): Promise<SpeakingVoice | 'unready' | undefined>
  /** A persona's voice is for all who talk to it. */
  personaVoice(id: VoiceProfileId): Promise<SpeakingVoice | undefined>
}

export function createVoicePreparation(db: EdgeDatabase): VoicePreparation {
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
      const { settled } = await runBatch(db, {
        settled: db
          .update(voiceProfile)
          .set({ ...found, updatedAt: now })
          .where(and(eq(voiceProfile.id, id), eq(voiceProfile.state, 'checking'), isHeld)),
        noJob: db.delete(job).where(isAttempt(by)),
      })
      return settled.rowsAffected > 0
    },

    async unnamed(hashes) {
      if (hashes.length === 0) return []
      const { voices, turns } = await runBatch(db, {
        voices: db
          .select(FILES)
          .from(voiceProfile)
          .where(or(inArray(voiceProfile.sha256, [...hashes]), inArray(voiceProfile.preparedSha256, [...hashes]))),
        turns: db
          .select()
          .from(turnAudio)
          .where(or(inArray(turnAudio.utterance, [...hashes]), inArray(turnAudio.reply, [...hashes]))),
      })
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
