// Takes an uploaded recording: recognises its kind by its content, keeps the file, and makes a profile that waits for a node.
import type * as v from 'valibot'
import type { EdgePorts } from '#edge/ports.ts'
import { MEDIA_TYPE, sniffAudio, SNIFFED_BYTES } from '#shared/audio/sniff-audio.ts'
import { blobHashOf } from '#shared/blob.ts'
import { FaultError, invalid } from '#shared/fault.ts'
import type { UserId, VoiceProfileId } from '#shared/ids.ts'
import { MAX_VOICES } from '#shared/model/voice-profile.ts'
import { dropFiles } from '#edge/drop-files.ts'
import { refuseUnsafe, type SafeTextPorts } from '#edge/http/plumbing/safe-text.ts'
import type { Upload } from './voice-operations.ts'

type UploadPorts = SafeTextPorts & Pick<EdgePorts, 'blobs' | 'clock'> & { store: Pick<EdgePorts['store'], 'voices'> }

/** `isNew`: false where the user has this recording already. */
export async function takeVoice(
  { file, ...about }: v.InferOutput<typeof Upload>,
  ports: UploadPorts,
  userId: UserId,
): Promise<{ id: VoiceProfileId; isNew: boolean }> {
  const { store, blobs, clock } = ports
  for (const text of [about.name, about.consent, about.referenceText]) refuseUnsafe(ports, text)
  const bytes = new Uint8Array(await file.arrayBuffer())
  const kind = sniffAudio(bytes.subarray(0, SNIFFED_BYTES))
  if (!kind) {
    const issue = 'file: expected WAV, MP3, FLAC, M4A, OGG or WebM audio, by its content'
    throw invalid(issue)
  }
  const sha256 = await blobHashOf(bytes)
  const referenceText = about.referenceText ?? null
  const voice = { ...about, referenceText, userId, sha256, mediaType: MEDIA_TYPE[kind], bytes: bytes.byteLength }
  // The file is kept before the profile is: a profile without its file could never become ready.
  await blobs.put(sha256, new Blob([bytes]).stream())
  const added = await store.voices.addVoice(voice, clock.now())
  if (added.outcome !== 'tooMany') return { id: added.id, isNew: added.outcome === 'added' }
  await dropFiles(ports, [sha256])
  throw new FaultError({ code: 'too_large', limit: 'voices', max: MAX_VOICES, got: MAX_VOICES + 1, unit: 'voices' })
}
