// A voice that a user may let personas speak with, always with the consent of the person. Its recording is a file in
// the blob store; a node prepares it for the engines. Used by edge, node and their wire.
import * as v from 'valibot'
import { MAX_BLOB_BYTES } from '#shared/blob.ts'
import { BlobHashSchema } from './blob-hash.ts'
import { Language } from './language.ts'
import { plainText } from './plain-text.ts'
import { VoiceProfileIdSchema } from './ids.ts'

export const MIN_SAMPLE_BYTES = 1_024
export const MAX_SAMPLE_BYTES = MAX_BLOB_BYTES
/** Voices that one user may have. */
export const MAX_VOICES = 50
export const MAX_REFERENCE_CHARS = 500
const MAX_CONSENT_CHARS = 1_000
/** A shorter text cannot say who agrees to what. */
const MIN_CONSENT_CHARS = 10

/** Length of a prepared reference. A shorter one holds too little of a voice, and engines cut off a longer one. */
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
 * Why a recording cannot be used. `noDecoder`: no node can decode it; ffmpeg on a node could (M4A, and codecs other
 * than Opus in WebM). `failed`: several attempts ended without a result.
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

/** Defects with which a recording is still good enough. */
export const VoiceWarning = v.picklist(['short', 'clipped', 'noisy', 'quiet', 'severalSpeakers'])
export type VoiceWarning = v.InferOutput<typeof VoiceWarning>

const Ms = v.pipe(v.number(), v.minValue(0))
const Level = v.pipe(v.number(), v.minValue(-200), v.maxValue(50))
export const VoiceQuality = v.object({
  /** Length of the whole recording, and of the speech in it. */
  inputMs: Ms,
  speechMs: Ms,
  peakDbfs: Level,
  /** Integrated loudness, ITU-R BS.1770. */
  loudnessLufs: Level,
  noiseFloorDbfs: Level,
  /** Share of samples at full scale, from 0 to 1. */
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
  /** Set where it was rejected. */
  reason: v.nullable(VoiceRejection),
  /** Null until a node has recognised it, where the owner gave none. */
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
