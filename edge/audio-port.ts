// What is kept of the sound of turns. Part of ports.ts.
import type { BlobHash } from '#shared/blob.ts'
import type { PersonaId, TurnId, UserId } from '#shared/ids.ts'
import type { KeepAudioDays, TurnAudio } from '#shared/model/turn-audio.ts'

export interface AudioStore {
  /** For a session that begins now: the user's own choice, or else the persona's. */
  keepDays(who: { userId: UserId; personaId: PersonaId }): Promise<KeepAudioDays>
  /** null: as each persona says. Holds for sessions that begin later. */
  chooseDays(userId: UserId, days: KeepAudioDays | null): Promise<void>
  chosenDays(userId: UserId): Promise<KeepAudioDays | null>
  /** Of a turn that its reader may read. */
  turnAudio(turnId: TurnId): Promise<TurnAudio | undefined>
  /** Forgets what was kept long enough, at most `limit` turns. Gives the files. */
  expireAudio(now: number, limit: number): Promise<BlobHash[]>
}
