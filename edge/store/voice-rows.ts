// Which rows are whose, and which files they name: shared by the stores of voices.
import { and, eq, type SQL } from 'drizzle-orm'
import type { Owner, StoredVoice } from '#edge/ports.ts'
import type { BlobHash } from '#shared/blob.ts'
import type { VoiceProfileId } from '#shared/ids.ts'
import { voiceProfile } from './file-schema.ts'

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
