// The sound of a turn as FLAC files in the blob store. It is kept only where the persona or the user chose so.
import * as v from 'valibot'
import { BlobHashSchema } from './blob-hash.ts'

/** How long: not at all, a week, a month. */
export const KEEP_AUDIO_DAYS = [0, 7, 30] as const
export const KeepAudioDays = v.picklist(KEEP_AUDIO_DAYS)
export type KeepAudioDays = v.InferOutput<typeof KeepAudioDays>

export const AUDIO_PARTS = ['utterance', 'reply'] as const

/** The utterance, and as much of the reply as was sent. */
export const TurnAudio = v.object({ utterance: v.optional(BlobHashSchema), reply: v.optional(BlobHashSchema) })
export type TurnAudio = v.InferOutput<typeof TurnAudio>
