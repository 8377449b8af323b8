// A voice that a user may let personas speak with: who it is of is nobody's guess, consent stands with it. Its recording is a file of
// the blob store; a node makes of it what engines take. Used by edge, node and their wire.
import * as v from 'valibot'
import { MAX_BLOB_BYTES } from '#shared/blob.ts'
import { BlobHashSchema } from './blob-hash.ts'
import { Language } from './language.ts'
import { plainText } from './plain-text.ts'
import { VoiceProfileIdSchema } from './ids.ts'

export const MIN_SAMPLE_BYTES = 1_024
export const MAX_SAMPLE_BYTES = MAX_BLOB_BYTES
/** Voices of one user. */
export const MAX_VOICES = 50
export const MAX_REFERENCE_CHARS = 500
const MAX_CONSENT_CHARS = 1_000
/** A consent in fewer words says nothing: who agrees to what. */
const MIN_CONSENT_CHARS = 10

/** Of a prepared reference: shorter ones hold too little of a voice, and engines cut longer ones off. */
export const MIN_PREPARED_MS = 3_000
export const MAX_PREPARED_MS = 12_000

export const VoiceName = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(64), plainText)
/** What is said in the recording, word for word. */
export const ReferenceText = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(MAX_REFERENCE_CHARS), plainText)
export const Consent = v.pipe(
  v.string(),
  v.trim(),
  v.minLength(MIN_CONSENT_CHARS),
  v.maxLength(MAX_CONSENT_CHARS),
  plainText,
)

/** uploaded: waits for a node. checking: a node has it. */
export const VoiceState = v.picklist(['uploaded', 'checking', 'ready', 'rejected'])
export type VoiceState = v.InferOutput<typeof VoiceState>

/**
 * Why a recording is of no use. `noDecoder`: no node reads this kind, which ffmpeg would (M4A, and other codecs than Opus in WebM).
 * `failed`: nodes tried it several times and never came to an end.
 */
export const VoiceRejection = v.picklist([
  'unreadable',
  'noDecoder',
  'tooShort',
  'tooLong',
  'noSpeech',
  'clipped',
  'noisy',
  'noTranscript',
  'failed',
])
export type VoiceRejection = v.InferOutput<typeof VoiceRejection>

/** What is not perfect, and good enough. */
export const VoiceWarning = v.picklist(['short', 'clipped', 'noisy', 'quiet', 'severalSpeakers'])
export type VoiceWarning = v.InferOutput<typeof VoiceWarning>

const Ms = v.pipe(v.number(), v.minValue(0))
const Level = v.pipe(v.number(), v.minValue(-200), v.maxValue(50))
export const VoiceQuality = v.object({
  /** Of the whole recording, and of the speech in it. */
  inputMs: Ms,
  speechMs: Ms,
  peakDbfs: Level,
  /** Integrated loudness, ITU-R BS.1770. */
  loudnessLufs: Level,
  noiseFloorDbfs: Level,
  /** Of the samples, from 0 to 1: at full scale. */
  clippedShare: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  warnings: v.array(VoiceWarning),
})
export type VoiceQuality = v.InferOutput<typeof VoiceQuality>

/** As its owner sees it. */
export const VoiceProfile = v.object({
  id: VoiceProfileIdSchema,
  name: v.string(),
  language: Language,
  state: VoiceState,
  /** Of a rejected one. */
  reason: v.nullable(VoiceRejection),
  /** Null until a node has written it down, where the owner did not. */
  referenceText: v.nullable(v.string()),
  consent: v.string(),
  quality: v.nullable(VoiceQuality),
  mediaType: v.string(),
  bytes: v.number(),
  createdAt: v.number(),
  updatedAt: v.number(),
})
export type VoiceProfile = v.InferOutput<typeof VoiceProfile>

/** What a node needs to speak with it. */
export const SpeakingVoice = v.object({
  id: VoiceProfileIdSchema,
  preparedSha256: BlobHashSchema,
  referenceText: v.string(),
})
export type SpeakingVoice = v.InferOutput<typeof SpeakingVoice>
