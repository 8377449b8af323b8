// What nodes make of voice profiles (ready or rejected), which files are still named, and which voice a session speaks
// with.
import { and, eq, inArray, not, or, sql } from 'drizzle-orm'
import { prepareVoice, VOICE_PREPARE } from '#edge/planned-tasks.ts'
import { turnAudio } from '#edge/store/schema/turns.ts'
import { voiceProfile } from '#edge/store/schema/voices.ts'
import type { BlobHash } from '#shared/blob.ts'
import type { UserId, VoiceProfileId } from '#shared/ids.ts'
import { insertTask } from '#shared/task-store/task-rows.ts'
import type { Attempt } from '#shared/tasks/task.ts'
import type { SpeakingVoice, VoiceQuality, VoiceRejection } from '#shared/model/voice-profile.ts'
import { audioFiles } from './audio-store.ts'
import { runBatch, type EdgeDatabase } from './database.ts'
import { isHeldBy } from './task-store.ts'
import { FILES, filesOf, isOwn, type StoredVoice } from './voice-rows.ts'

export type VoiceOutcome =
  | { state: 'ready'; preparedSha256: BlobHash; referenceText: string; quality: VoiceQuality }
  | { state: 'rejected'; reason: VoiceRejection; quality: VoiceQuality | null }

export interface VoicePreparation {
  /** A node begins to check it. False where the profile is gone, or needs no check. */
  checkVoice(id: VoiceProfileId, now: number): Promise<boolean>
  /**
   * Writes what came of the task. Writes nothing where the profile is gone or was changed meanwhile, or where another
   * attempt has the task. Returns whether the outcome was kept.
   */
  settleVoice(id: VoiceProfileId, outcome: VoiceOutcome, by: { attempt: Attempt; now: number }): Promise<boolean>
  /** Plans the preparation of voices that wait for it and have no task, at most `limit`. Returns how many. */
  planForgotten(now: number, limit: number): Promise<number>
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

    async settleVoice(id, outcome, { attempt, now }) {
      const found =
        outcome.state === 'ready'
          ? { ...outcome, reason: null }
          : { state: outcome.state, reason: outcome.reason, quality: outcome.quality }
      const { rowsAffected } = await db
        .update(voiceProfile)
        .set({ ...found, updatedAt: now })
        .where(and(eq(voiceProfile.id, id), eq(voiceProfile.state, 'checking'), isHeldBy(attempt)))
      return rowsAffected > 0
    },

    async planForgotten(now, limit) {
      const isPlanned = sql`exists (select 1 from task where dedupe_key = ${`${VOICE_PREPARE.name} `} || ${voiceProfile.id}
        and ended_at is null)`
      const waiting = await db
        .select({ id: voiceProfile.id, userId: voiceProfile.userId })
        .from(voiceProfile)
        .where(and(inArray(voiceProfile.state, ['uploaded', 'checking']), not(isPlanned)))
        .limit(limit)
      for (const { id, userId } of waiting) await insertTask(db, prepareVoice(id, userId), { now })
      return waiting.length
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
