// Whose a voice profile is and which files it names. Shared by the stores of voices.
import { and, eq, type SQL } from 'drizzle-orm'
import { voiceProfile } from '#edge/store/schema/voices.ts'
import type { BlobHash } from '#shared/blob.ts'
import type { UserId, VoiceProfileId } from '#shared/ids.ts'
import type { Owner } from '#shared/model/caller.ts'
import type { VoiceProfile } from '#shared/model/voice-profile.ts'

/** A profile with what only the edge needs to know of it. */
export interface StoredVoice extends VoiceProfile {
  userId: UserId
  sha256: BlobHash
  preparedSha256: BlobHash | null
}

export const FILES = { sha256: voiceProfile.sha256, preparedSha256: voiceProfile.preparedSha256 }

/** Each once. */
export function filesOf(rows: readonly Pick<StoredVoice, 'sha256' | 'preparedSha256'>[]): BlobHash[] {
  return [
    ...new Set(rows.flatMap(({ sha256, preparedSha256 }) => (preparedSha256 ? [sha256, preparedSha256] : [sha256]))),
  ]
}

export const isOwners = (owner: Owner): SQL | undefined =>
  owner === 'everybody' ? undefined : eq(voiceProfile.userId, owner)

export const isOwn = (owner: Owner, id: VoiceProfileId): SQL | undefined =>
  and(eq(voiceProfile.id, id), isOwners(owner))
