// /api/voice-profiles (and /api/voice-profile): voices that users give to personas. The edge measures a file, looks at what kind it is, and
// keeps it; a node decodes it later. Another user's voice is not found; an operator's key sees everybody's.
import { Hono } from 'hono'
import * as v from 'valibot'
import type { EdgePorts } from '#edge/ports.ts'
import type { StoredVoice } from '#edge/store/voice-rows.ts'
import { MEDIA_TYPE } from '#shared/audio/sniff-audio.ts'
import { notFound } from '#shared/fault.ts'
import { isId, type VoiceProfileId } from '#shared/ids.ts'
import { VoiceProfile } from '#shared/model/voice-profile.ts'
import { ownerOf } from '#edge/http/access/owner-of.ts'
import { dropFiles } from '#edge/drop-files.ts'
import { forgetVoices } from '#edge/planned-tasks.ts'
import { giveBlob } from '#edge/http/plumbing/give-blob.ts'
import type { OperationEnv, OperationPorts } from '#edge/http/operation/operation.ts'
import { refuseUnsafe, type SafeTextPorts } from '#edge/http/plumbing/safe-text.ts'
import { collectionOperations, VOICE_ADDRESSES, voiceOperations, type VoiceAddress } from './voice-operations.ts'
import { takeVoice } from './voice-upload.ts'

export type VoicePorts = OperationPorts & SafeTextPorts & Pick<EdgePorts, 'blobs' | 'tasks'>

export function voiceProfileRoutes(ports: VoicePorts) {
  const [current, old] = VOICE_ADDRESSES
  const mounted = (at: VoiceAddress) =>
    new Hono<OperationEnv>().basePath(at.path).route('/', owned(ports, at)).route('/', one(ports, at))
  return new Hono<OperationEnv>().route('/', mounted(current)).route('/', mounted(old))
}

/** All of a user's voices. */
function owned(ports: VoicePorts, at: VoiceAddress) {
  const { list, upload } = collectionOperations(ports, at)
  return new Hono<OperationEnv>()
    .get('/', list, async (c) => {
      const { limit, cursor } = c.req.valid('query')
      const found = await ports.store.voices.listVoices(ownerOf(c.get('caller')), { limit, before: cursor })
      const last = found.length === limit ? found.at(-1) : undefined
      return c.json({ voiceProfiles: found.map(shown), nextCursor: last?.id ?? null })
    })
    .post('/', upload, async (c) => {
      const { id, isNew } = await takeVoice(c.req.valid('form'), ports, c.get('caller').userId)
      ports.tasks.wake()
      return c.json({ id }, isNew ? 201 : 200)
    })
}

/** One of them. */
function one(ports: VoicePorts, at: VoiceAddress) {
  const { clock, store, tasks } = ports
  const { voices } = ports.store
  const does = voiceOperations(ports, at)
  return new Hono<OperationEnv>()
    .get('/:id', does.one, async (c) => {
      const { waitMs } = c.req.valid('query')
      const found = await voiceOf(c.req.param('id'), (id) => voices.voice(ownerOf(c.get('caller')), id))
      if (found.state === 'uploaded') tasks.wake()
      const settled = await settledWithin(ports, found, { waitMs, signal: c.req.raw.signal })
      return c.json(shown(settled))
    })
    .patch('/:id', does.change, async (c) => {
      const change = c.req.valid('json')
      for (const text of [change.name, change.referenceText]) refuseUnsafe(ports, text)
      const id = c.req.param('id')
      await voiceOf(id, (voice) => voices.changeVoice(ownerOf(c.get('caller')), voice, change, clock.now()))
      tasks.wake()
      return c.body(null, 204)
    })
    .delete('/:id', does.remove, async (c) => {
      const id = c.req.param('id')
      const files = await voiceOf(id, (voice) => voices.removeVoice(ownerOf(c.get('caller')), voice, clock.now()))
      await dropFiles(ports, files)
      await store.tasks.addTask(forgetVoices(files), clock.now())
      tasks.wake()
      return c.body(null, 204)
    })
    .get('/:id/audio', does.audio, async (c) => {
      const { part } = c.req.valid('query')
      const found = await voiceOf(c.req.param('id'), (id) => voices.voice(ownerOf(c.get('caller')), id))
      if (part === 'recording') return giveBlob(c, ports, found.sha256, found.mediaType)
      if (found.preparedSha256 === null) throw notFound('prepared voice', found.id)
      return giveBlob(c, ports, found.preparedSha256, MEDIA_TYPE.wav)
    })
}

/** Returns the voice as soon as it is ready or rejected, or as it is when the time is over. */
async function settledWithin(
  { clock, store }: VoicePorts,
  voice: StoredVoice,
  { waitMs, signal }: { waitMs: number; signal: AbortSignal },
): Promise<StoredVoice> {
  const until = clock.now() + waitMs
  let now = voice
  while ((now.state === 'uploaded' || now.state === 'checking') && clock.now() < until && !signal.aborted) {
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => {})
    now = (await store.voices.voice('everybody', voice.id)) ?? now
  }
  return now
}

/** How often a state that somebody waits for is read. */
const LOOK_EVERY_MS = 250

/** Finds the voice that a path names. `find` gives undefined or false where there is none. Throws FaultError not_found. */
export async function voiceOf<T>(
  text: string,
  find: (id: VoiceProfileId) => Promise<T | undefined | false>,
): Promise<Exclude<T, false>> {
  const found = isId('voiceProfile', text) && (await find(text))
  if (found === undefined || found === false) throw notFound('voice profile', text)
  return found as Exclude<T, false>
}

const shown = (voice: StoredVoice): VoiceProfile => v.parse(VoiceProfile, voice)
