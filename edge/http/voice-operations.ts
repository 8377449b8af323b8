// Who may do what with voices, how often, and what it takes and answers: the descriptions of voice-profiles.ts and voice-preview.ts.
import * as v from 'valibot'
import { MEDIA_TYPE } from '#shared/audio/sniff-audio.ts'
import { Language } from '#shared/model/language.ts'
import { Consent, ReferenceText, VoiceName, VoiceProfile } from '#shared/model/voice-profile.ts'
import { MAX_PREVIEW_CHARS } from '#shared/protocol/voice-requests.ts'
import { TtsMode } from '#shared/protocol/session-messages.ts'
import { operation, type OperationPorts } from '#edge/http/operation/operation.ts'
import { wholeNumber } from '#edge/http/operation/read-body.ts'
import { VoiceProfileIdSchema } from '#shared/model/ids.ts'

const MAX_PAGE = 50
/** A proxy gives up after a minute. */
const MAX_WAIT_MS = 50_000

export const ListQuery = v.object({
  limit: v.optional(wholeNumber(1, MAX_PAGE), '50'),
  cursor: v.optional(v.pipe(VoiceProfileIdSchema, v.description('The `nextCursor` of the page before'))),
})
export const WaitQuery = v.object({
  waitMs: v.optional(
    v.pipe(wholeNumber(0, MAX_WAIT_MS), v.description('Answer as soon as it is ready or rejected, or after so long')),
    '0',
  ),
})
export const AudioQuery = v.object({
  part: v.optional(
    v.pipe(v.picklist(['recording', 'prepared']), v.description('As it came, or as engines are given it (WAV)')),
    'recording',
  ),
})
export const Fields = v.object({
  name: VoiceName,
  language: Language,
  consent: v.pipe(Consent, v.description('Who agrees that this voice is imitated, in his own words')),
  referenceText: v.optional(v.pipe(ReferenceText, v.description('What is said in it; a node writes it down without'))),
})
export const Change = v.partial(
  v.strictObject({ name: VoiceName, language: Language, referenceText: v.nullable(ReferenceText) }),
)
export const Preview = v.strictObject({
  text: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(MAX_PREVIEW_CHARS)),
  ttsMode: v.optional(TtsMode, 'fast'),
})

const Made = v.object({ id: VoiceProfileIdSchema })
const Page = v.object({ voiceProfiles: v.array(VoiceProfile), nextCursor: v.nullable(v.string()) })
const ANY_AUDIO = { mediaType: 'audio/*' }

const base = { tag: 'voices', needs: 'voices' } as const

export function collectionOperations(ports: OperationPorts) {
  return {
    list: operation(ports, {
      ...base,
      summary: 'Your voices, the newest first',
      rate: 'read',
      bucket: 'GET voices',
      query: ListQuery,
      answers: { 200: Page },
    }),
    upload: operation(ports, {
      ...base,
      summary:
        'Upload a voice: WAV, MP3, FLAC, M4A, OGG or WebM, 1 KiB to 10 MiB. 200 where you have this recording already',
      rate: 'upload',
      bucket: 'POST voices',
      form: { fields: Fields, file: 'file' },
      refuses: ['blocked'],
      answers: { 200: Made, 201: Made },
    }),
  }
}

export function voiceOperations(ports: OperationPorts) {
  return {
    one: operation(ports, {
      ...base,
      summary: 'One voice, and what became of it',
      rate: 'read',
      bucket: 'GET voice',
      query: WaitQuery,
      answers: { 200: VoiceProfile },
      refuses: ['not_found'],
    }),
    change: operation(ports, {
      ...base,
      summary: 'Change a voice; with another language or other words it is prepared anew',
      rate: 'write',
      bucket: 'PATCH voice',
      body: Change,
      answers: { 204: null },
      refuses: ['not_found', 'blocked'],
    }),
    remove: operation(ports, {
      ...base,
      summary: 'Delete a voice with its files; personas that had it get their own voice back',
      rate: 'write',
      bucket: 'DELETE voice',
      answers: { 204: null },
      refuses: ['not_found'],
    }),
    audio: operation(ports, {
      ...base,
      summary: 'Its recording, or what engines are given; in parts, too (Range)',
      rate: 'read',
      bucket: 'GET voice audio',
      query: AudioQuery,
      answers: { 200: ANY_AUDIO, 206: ANY_AUDIO },
      refuses: ['not_found'],
    }),
    preview: operation(ports, {
      ...base,
      summary: 'Hear a sentence in this voice; the audio comes while it is made',
      rate: 'preview',
      bucket: 'POST voice preview',
      body: Preview,
      answers: { 200: { mediaType: MEDIA_TYPE.wav } },
      refuses: ['not_found', 'conflict', 'quota_exhausted', 'no_capacity', 'node_lost', 'deadline_exceeded'],
    }),
  }
}
