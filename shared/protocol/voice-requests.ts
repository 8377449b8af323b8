// What the edge asks a node to do with voices, over its control socket: the params and results of `request` and `response`. Files pass by
// GET and PUT /node/blobs/:sha256.
import * as v from 'valibot'
import { BlobHashSchema } from '#shared/model/blob-hash.ts'
import { Language } from '#shared/model/language.ts'
import { EngineNameOrId } from '#shared/model/engine.ts'
import { SpeakingVoice, VoiceQuality, VoiceRejection } from '#shared/model/voice-profile.ts'
import { TtsMode } from './session-messages.ts'
import { UserIdSchema, VoiceProfileIdSchema } from '#shared/model/ids.ts'

/** Characters of a text that is spoken for a try. */
export const MAX_PREVIEW_CHARS = 300

/** `voice.prepare`: decode, check, trim, normalise and, without a text, write down what is said. */
export const VoicePrepare = v.object({
  profileId: VoiceProfileIdSchema,
  sha256: BlobHashSchema,
  language: Language,
  referenceText: v.nullable(v.string()),
  /** Whose it is: users take turns at a node. Neither kept nor logged there. */
  userId: v.optional(UserIdSchema),
})
export type VoicePrepare = v.InferOutput<typeof VoicePrepare>

/** What is transient is a fault; both of these are final. */
export const VoicePrepared = v.variant('outcome', [
  v.object({
    outcome: v.literal('ready'),
    preparedSha256: BlobHashSchema,
    referenceText: v.string(),
    quality: VoiceQuality,
  }),
  v.object({ outcome: v.literal('rejected'), reason: VoiceRejection, quality: v.optional(VoiceQuality) }),
])
export type VoicePrepared = v.InferOutput<typeof VoicePrepared>

/** `speech.render`: speaks the first piece of the text; the edge asks again with what is left, so that the first sound is early. */
export const SpeechRender = v.object({
  text: v.pipe(v.string(), v.maxLength(MAX_PREVIEW_CHARS)),
  language: Language,
  ttsMode: TtsMode,
  voice: SpeakingVoice,
  /** Who hears it: users take turns at a node. Neither kept nor logged there. */
  userId: v.optional(UserIdSchema),
})
export type SpeechRender = v.InferOutput<typeof SpeechRender>

/** Before the sound of a piece: random, so that two that sound the same are two files, each of which goes when it was heard. */
export const PIECE_NONCE_BYTES = 16

export const SpeechRendered = v.object({
  /** PIECE_NONCE_BYTES, then PCM16 mono without a header; null where the piece had nothing to say. */
  sha256: v.nullable(BlobHashSchema),
  /** name@version of who has spoken. */
  engine: EngineNameOrId,
  sampleRate: v.pipe(v.number(), v.integer(), v.minValue(8_000), v.maxValue(48_000)),
  /** What is left to be said; empty at the end. */
  rest: v.string(),
})
export type SpeechRendered = v.InferOutput<typeof SpeechRendered>

/** `voice.forget`: nothing that was made of it is kept. */
export const VoiceForget = v.object({ preparedSha256: BlobHashSchema })
