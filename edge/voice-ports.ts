// What is kept of voices, and of work that must not be forgotten. Part of store-ports.ts, which hands it on.
import type { BlobHash } from '#shared/blob.ts'
import type { JobId, UserId, VoiceProfileId } from '#shared/ids.ts'
import type { Language } from '#shared/model/language.ts'
import type { SpeakingVoice, VoiceProfile, VoiceQuality, VoiceRejection } from '#shared/model/voice-profile.ts'
import type { Owner } from './store-ports.ts'

export interface NewVoice {
  userId: UserId
  name: string
  language: Language
  /** Null where a node is to write down what is said. */
  referenceText: string | null
  consent: string
  sha256: BlobHash
  mediaType: string
  bytes: number
}

/** A profile with what only the edge needs to know of it. */
export interface StoredVoice extends VoiceProfile {
  userId: UserId
  sha256: BlobHash
  preparedSha256: BlobHash | null
}

export type VoiceOutcome =
  | { state: 'ready'; preparedSha256: BlobHash; referenceText: string; quality: VoiceQuality }
  | { state: 'rejected'; reason: VoiceRejection; quality: VoiceQuality | null }

/** What is another user's is as if it were not there. */
export interface VoiceStore {
  /**
   * With the job that prepares it, in one batch. `known`: the user has this recording already, and nothing changed. `tooMany`: he has
   * MAX_VOICES.
   */
  addVoice(
    voice: NewVoice,
    now: number,
  ): Promise<{ outcome: 'added' | 'known'; id: VoiceProfileId } | { outcome: 'tooMany' }>
  /** The newest first, after the one that the page before ended with. */
  listVoices(owner: Owner, page: { limit: number; before?: VoiceProfileId | undefined }): Promise<StoredVoice[]>
  voice(owner: Owner, id: VoiceProfileId): Promise<StoredVoice | undefined>
  /** Of another language or with other words it is prepared anew. False where there is none. */
  changeVoice(
    owner: Owner,
    id: VoiceProfileId,
    change: { name?: string | undefined; language?: Language | undefined; referenceText?: string | null | undefined },
    now: number,
  ): Promise<boolean>
  /** With its job. Gives the files that it named; undefined where there is none. */
  removeVoice(owner: Owner, id: VoiceProfileId): Promise<BlobHash[] | undefined>
  /** A node begins to look at it. False where it is gone, or needs no looking at. */
  checkVoice(id: VoiceProfileId, now: number): Promise<boolean>
  /** What came of the job, which ends with it; nothing where the profile is gone or was changed meanwhile. Whether it was kept. */
  settleVoice(id: VoiceProfileId, outcome: VoiceOutcome, by: { job: Job; now: number }): Promise<boolean>
  /** Of those files, which nothing names any more. */
  unnamed(hashes: readonly BlobHash[]): Promise<BlobHash[]>
  /** What a session with this persona and this choice of its user speaks with: `unready` where there is one that is not ready. */
  speakingVoice(choice: { userId: UserId; id: VoiceProfileId }): Promise<SpeakingVoice | 'unready' | undefined>
  /** A persona's voice is for all who talk to it. */
  personaVoice(id: VoiceProfileId): Promise<SpeakingVoice | undefined>
}

export type JobKind = 'voice.prepare'

export interface Job {
  id: JobId
  subject: string
  /** From 1. Only the last attempt may end the job. It grows also where a holder was gone without a word. */
  attempt: number
}

export interface JobStore {
  /** The one that is due longest, for so long; whoever does not end it until then is taken for gone. */
  takeJob(kind: JobKind, lease: { now: number; ms: number }): Promise<Job | undefined>
  /** Done, or of no use any more. False where another attempt has it. */
  jobDone(job: Job): Promise<boolean>
  /** To be tried again after its pause. False where another attempt has it. */
  jobFailed(job: Job, now: number): Promise<boolean>
}
