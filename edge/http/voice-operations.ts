// The operations on voices: who may do what and how often, what each takes and answers. Used by voice-profiles.ts and voice-preview.ts.
import * as v from 'valibot'
import { MEDIA_TYPE } from '#shared/audio/sniff-audio.ts'
import { Language } from '#shared/model/language.ts'
import {
  Consent,
  MAX_SAMPLE_BYTES,
  MIN_SAMPLE_BYTES,
  ReferenceText,
  VoiceName,
  VoiceProfile,
} from '#shared/model/voice-profile.ts'
import { MAX_PREVIEW_CHARS } from '#shared/protocol/voice-requests.ts'
import { TtsMode } from '#shared/protocol/session-messages.ts'
import { named } from '#edge/http/operation/named-schemas.ts'
import { operation, type OperationPorts } from '#edge/http/operation/operation.ts'
import { MAX_BODY_BYTES } from '#edge/http/operation/read-input.ts'
import { wholeNumber } from '#edge/http/operation/whole-number.ts'
import { VoiceProfileIdSchema } from '#shared/model/ids.ts'

const MAX_PAGE = 50
/** A proxy gives up after a minute. */
const MAX_WAIT_MS = 50_000

const ListQuery = v.object({
  limit: v.optional(wholeNumber(1, MAX_PAGE), '50'),
  cursor: v.optional(v.pipe(VoiceProfileIdSchema, v.description('The `nextCursor` of the page before'))),
})
const WaitQuery = v.object({
  waitMs: v.optional(
    v.pipe(
      wholeNumber(0, MAX_WAIT_MS),
      v.description('Wait until the voice is ready or rejected, but at most this long'),
    ),
    '0',
  ),
})
const AudioQuery = v.object({
  part: v.optional(
    v.pipe(
      v.picklist(['recording', 'prepared']),
      v.description('recording: the upload. prepared: what engines are given (WAV)'),
    ),
    'recording',
  ),
})
const AudioFile = v.pipe(
  v.instance(File, 'expected a file'),
  v.minSize(MIN_SAMPLE_BYTES, `expected at least ${MIN_SAMPLE_BYTES} bytes`),
  v.maxSize(MAX_SAMPLE_BYTES, `expected at most ${MAX_SAMPLE_BYTES} bytes`),
  v.description('The recording: WAV, MP3, FLAC, M4A, OGG or WebM, 1 KiB to 10 MiB, 1 to 60 s'),
)
/** The file, and its fields. */
const MAX_UPLOAD_BYTES = MAX_SAMPLE_BYTES + MAX_BODY_BYTES
export const Upload = named(
  'VoiceUpload',
  v.strictObject({
    name: VoiceName,
    language: Language,
    consent: v.pipe(Consent, v.description('The speaker’s own words, in which he agrees that his voice is imitated')),
    referenceText: v.optional(
      v.pipe(ReferenceText, v.description('What is said in it; without it a node writes it down')),
    ),
    file: AudioFile,
  }),
)
const Change = named(
  'VoiceChange',
  v.pipe(
    v.partial(v.strictObject({ name: VoiceName, language: Language, referenceText: v.nullable(ReferenceText) })),
    v.minEntries(1, 'expected a field to change'),
  ),
)
const Preview = named(
  'VoicePreview',
  v.strictObject({
    text: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(MAX_PREVIEW_CHARS)),
    ttsMode: v.optional(TtsMode, 'fast'),
  }),
)

const Made = named('MadeVoice', v.object({ id: VoiceProfileIdSchema }))
const Page = named('VoicePage', v.object({ voiceProfiles: v.array(VoiceProfile), nextCursor: v.nullable(v.string()) }))
const ANY_AUDIO = { mediaType: 'audio/*' }

/** The same resource has two addresses; the second one is for old clients. */
export const VOICE_ADDRESSES = [
  { path: '/voice-profiles', deprecated: false },
  { path: '/voice-profile', deprecated: true },
] as const
export type VoiceAddress = (typeof VOICE_ADDRESSES)[number]

const base = { tag: 'voices', needs: 'voices' } as const

export function collectionOperations(ports: OperationPorts, { deprecated }: VoiceAddress) {
  const common = { ...base, deprecated }
  return {
    list: operation(ports, {
      ...common,
      summary: 'Your voices, the newest first',
      rate: 'read',
      bucket: 'GET voices',
      query: ListQuery,
      answers: { 200: Page },
    }),
    upload: operation(ports, {
      ...common,
      summary:
        'Upload a voice: WAV, MP3, FLAC, M4A, OGG or WebM, 1 KiB to 10 MiB. 200 where you have this recording already',
      rate: 'upload',
      bucket: 'POST voices',
      form: Upload,
      maxBytes: MAX_UPLOAD_BYTES,
      refuses: ['blocked'],
      answers: { 200: Made, 201: Made },
    }),
  }
}

export function voiceOperations(ports: OperationPorts, { deprecated }: VoiceAddress) {
  const common = { ...base, deprecated }
  return {
    one: operation(ports, {
      ...common,
      summary: 'One voice and its state',
      rate: 'read',
      bucket: 'GET voice',
      query: WaitQuery,
      answers: { 200: VoiceProfile },
      refuses: ['not_found'],
    }),
    change: operation(ports, {
      ...common,
      summary: 'Change a voice; with another language or other words it is prepared anew',
      rate: 'write',
      bucket: 'PATCH voice',
      body: Change,
      answers: { 204: null },
      refuses: ['not_found', 'blocked'],
    }),
    remove: operation(ports, {
      ...common,
      summary: 'Delete a voice with its files; personas that had it get their own voice back',
      rate: 'write',
      bucket: 'DELETE voice',
      answers: { 204: null },
      refuses: ['not_found'],
    }),
    audio: operation(ports, {
      ...common,
      summary: 'The recording of a voice, or what engines are given; Range asks for a part',
      rate: 'read',
      bucket: 'GET voice audio',
      query: AudioQuery,
      answers: { 200: ANY_AUDIO, 206: ANY_AUDIO },
      refuses: ['not_found'],
    }),
    preview: operation(ports, {
      ...common,
      summary: 'Hear a sentence in this voice; the audio comes while it is made',
      rate: 'preview',
      bucket: 'POST voice preview',
      body: Preview,
      answers: { 200: { mediaType: MEDIA_TYPE.wav } },
      refuses: ['not_found', 'conflict', 'quota_exhausted', 'no_capacity', 'node_lost', 'deadline_exceeded'],
    }),
  }
}
