// POST /api/voice-profiles/:id/preview: a sentence in this voice, as a WAV that comes while it is made. The node speaks it piece by piece;
// each piece passes through the blob store and is gone from it once it was sent.
import { Hono } from 'hono'
import * as v from 'valibot'
import type { EdgePorts } from '#edge/ports.ts'
import type { NodeView } from '#edge/rooms-ports.ts'
import type { StoredVoice } from '#edge/store/voice-rows.ts'
import { endlessWavHeader } from '#shared/audio/wav.ts'
import { MEDIA_TYPE } from '#shared/audio/sniff-audio.ts'
import type { BlobHash } from '#shared/blob.ts'
import { FaultError, notFound } from '#shared/fault.ts'
import type { UserId } from '#shared/ids.ts'
import { invariant } from '#shared/invariant.ts'
import type { SpeakingVoice } from '#shared/model/voice-profile.ts'
import { PIECE_NONCE_BYTES, SpeechRendered, type SpeechRender } from '#shared/protocol/voice-requests.ts'
import { ownerOf } from '#edge/http/access/owner-of.ts'
import type { OperationEnv } from '#edge/http/operation/operation.ts'
import { VOICE_ADDRESSES, voiceOperations, type VoiceAddress } from './voice-operations.ts'
import { voiceOf, type VoicePorts } from './voice-profiles.ts'

const RENDER_WITHIN_MS = 30_000
/** After this a slot or a node may be free. */
const RETRY_AFTER_MS = 5_000
/** A text of MAX_PREVIEW_CHARS never has more. */
const MAX_PIECES = 100

export type PreviewPorts = VoicePorts & Pick<EdgePorts, 'fleet' | 'log'>

export function voicePreviewRoutes(ports: PreviewPorts) {
  const { store } = ports
  const mounted = (at: VoiceAddress) =>
    new Hono<OperationEnv>().basePath(at.path).post('/:id/preview', voiceOperations(ports, at).preview, async (c) => {
      const { text, ttsMode } = c.req.valid('json')
      const { userId, limits } = c.get('caller')
      const exhausted = await store.quotas.exhausted(userId, limits, ports.clock.now())
      if (exhausted) throw new FaultError(exhausted)
      const found = await voiceOf(c.req.param('id'), (id) => store.voices.voice(ownerOf(c.get('caller')), id))
      const request = { text, ttsMode, language: found.language, voice: await speakingOf(ports, found), userId }
      const body = await begun(ports, request, userId)
      return new Response(body, { headers: { 'content-type': MEDIA_TYPE.wav } })
    })
  const [current, old] = VOICE_ADDRESSES
  return new Hono<OperationEnv>().route('/', mounted(current)).route('/', mounted(old))
}

/**
 * Spoken by the first node that has a free slot and an engine that clones. The first piece is waited for before the answer begins: what
 * fails until then has a status of its own.
 */
async function begun(
  ports: PreviewPorts,
  request: SpeechRender,
  userId: UserId,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const nodes = (await ports.fleet.nodes()).filter(({ draining, freeSlots }) => !draining && freeSlots > 0)
  if (nodes.length === 0) throw new FaultError({ code: 'no_capacity', retryAfterMs: RETRY_AFTER_MS })
  for (const node of nodes) {
    const pieces = spoken(ports, { node, request, userId })
    try {
      const { value: first } = await pieces.next()
      invariant(first !== undefined, 'a text has a first piece')
      return streamed(first, pieces)
    } catch (error) {
      if (!(error instanceof FaultError) || error.fault.code !== 'not_found') throw error
    }
  }
  // For good, until the operator installs one: there is nothing to wait for.
  throw notFound('engine', 'cloning')
}

async function speakingOf({ store }: PreviewPorts, { id, userId, state }: StoredVoice): Promise<SpeakingVoice> {
  const speaking = await store.voices.speakingVoice({ userId, id })
  if (speaking !== undefined && speaking !== 'unready') return speaking
  throw new FaultError({ code: 'conflict', kind: 'voice profile', id, expected: 'ready', found: state })
}

async function render({ fleet }: PreviewPorts, { nodeId }: NodeView, params: SpeechRender): Promise<SpeechRendered> {
  const answer = await fleet.request({ nodeId, method: 'speech.render', params, deadlineMs: RENDER_WITHIN_MS })
  const read = v.safeParse(SpeechRendered, answer)
  // The rest must get shorter with each piece: else it would never end.
  if (read.success && read.output.rest.length < params.text.length) return read.output
  throw new FaultError({ code: 'unavailable', what: 'node', retryAfterMs: RETRY_AFTER_MS })
}

interface Piece {
  pcm: Uint8Array<ArrayBuffer>
  sampleRate: number
}

async function* spoken(
  ports: PreviewPorts,
  { node, request, userId }: { node: NodeView; request: SpeechRender; userId: UserId },
): AsyncGenerator<Piece, undefined> {
  let { text } = request
  for (let pieces = 1; text !== '' && pieces <= MAX_PIECES; pieces++) {
    const { sha256, sampleRate, engine, rest } = await render(ports, node, { ...request, text })
    text = rest
    const pcm = sha256 === null ? new Uint8Array(0) : await taken(ports, sha256)
    const audioMs = (pcm.byteLength / 2 / sampleRate) * 1_000
    if (audioMs > 0) await ports.store.quotas.spoken(userId, { engine, audioMs }, ports.clock.now())
    yield { pcm, sampleRate }
  }
}

/** Takes the sound out of the piece's file, and deletes the file. */
async function taken({ blobs }: PreviewPorts, hash: BlobHash): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const body = await blobs.get(hash)
    // A piece left out would sound as if the voice swallowed it.
    if (!body) throw new FaultError({ code: 'unavailable', what: 'node', retryAfterMs: RETRY_AFTER_MS })
    return new Uint8Array(await new Response(body).arrayBuffer(), PIECE_NONCE_BYTES)
  } finally {
    await blobs.delete(hash)
  }
}

/** A caller who hangs up ends the speaking. */
function streamed(first: Piece, others: AsyncGenerator<Piece, undefined>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(endlessWavHeader(first.sampleRate))
      if (first.pcm.byteLength > 0) controller.enqueue(first.pcm)
    },
    async pull(controller) {
      try {
        const { value, done } = await others.next()
        if (done) controller.close()
        else controller.enqueue(value.pcm)
      } catch (error) {
        // The status was sent long ago: breaking off the body is the only sign left.
        controller.error(error)
      }
    },
    async cancel() {
      await others.return(undefined)
    },
  })
}
