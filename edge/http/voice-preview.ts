// POST /api/voice-profiles/:id/preview: a sentence in this voice, as a WAV that comes while it is made. The node speaks it piece by piece;
// each piece passes through the blob store and is gone from it once it was sent.
import { Hono } from 'hono'
import * as v from 'valibot'
import type { EdgePorts, NodeView, StoredVoice } from '#edge/ports.ts'
import { endlessWavHeader } from '#shared/audio/wav.ts'
import { MEDIA_TYPE } from '#shared/audio/sniff-audio.ts'
import type { BlobHash } from '#shared/blob.ts'
import { FaultError, faultOf } from '#shared/fault.ts'
import type { SpeakingVoice } from '#shared/model/voice-profile.ts'
import { SpeechRendered, type SpeechRender } from '#shared/protocol/voice-requests.ts'
import { ownerOf } from './conversations.ts'
import type { OperationEnv } from './operation.ts'
import { readBody } from './read-body.ts'
import { Preview, voiceOperations } from './voice-operations.ts'
import { voiceOf, type VoicePorts } from './voice-profiles.ts'

const RENDER_WITHIN_MS = 30_000
/** Nobody is there who could speak. */
const RETRY_AFTER_MS = 5_000
/** A text of MAX_PREVIEW_CHARS has fewer. */
const MAX_PIECES = 100

export type PreviewPorts = VoicePorts & Pick<EdgePorts, 'fleet' | 'log'>

export function voicePreviewRoutes(ports: PreviewPorts) {
  const { store } = ports
  const { preview } = voiceOperations(ports)
  const mounted = (path: '/voice-profiles' | '/voice-profile') =>
    new Hono<OperationEnv>().basePath(path).post('/:id/preview', preview, async (c) => {
      const { text, ttsMode } = await readBody(c, Preview)
      const found = await voiceOf(c.req.param('id'), (id) => store.voices.voice(ownerOf(c.get('caller')), id))
      const request = { text, ttsMode, language: found.language, voice: await speakingOf(ports, found) }
      const node = (await ports.fleet.nodes()).find(({ draining, freeSlots }) => !draining && freeSlots > 0)
      if (!node) throw new FaultError({ code: 'no_capacity', retryAfterMs: RETRY_AFTER_MS })
      // The first piece before the answer begins: what fails until then has a status of its own.
      const first = await render(ports, node, request)
      const drop = async (): Promise<void> => {
        if (first.sha256 !== null) await ports.blobs.delete(first.sha256)
      }
      const body = streamed(spoken(ports, node, request, first), { sampleRate: first.sampleRate, drop })
      return new Response(body, { headers: { 'content-type': MEDIA_TYPE.wav } })
    })
  return new Hono<OperationEnv>().route('/', mounted('/voice-profiles')).route('/', mounted('/voice-profile'))
}

async function speakingOf({ store }: PreviewPorts, { id, userId, state }: StoredVoice): Promise<SpeakingVoice> {
  const speaking = await store.voices.speakingVoice({ userId, id })
  if (speaking !== undefined && speaking !== 'unready') return speaking
  throw new FaultError({ code: 'conflict', kind: 'voice profile', id, expected: 'ready', found: state })
}

async function render({ fleet }: PreviewPorts, { nodeId }: NodeView, params: SpeechRender): Promise<SpeechRendered> {
  const answer = await fleet.request({ nodeId, method: 'speech.render', params, deadlineMs: RENDER_WITHIN_MS })
  const read = v.safeParse(SpeechRendered, answer)
  // A node must come nearer to the end with each piece.
  if (read.success && read.output.rest.length < params.text.length) return read.output
  throw new FaultError({ code: 'unavailable', what: 'node', retryAfterMs: RETRY_AFTER_MS })
}

async function* spoken(
  ports: PreviewPorts,
  node: NodeView,
  request: SpeechRender,
  first: SpeechRendered,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let piece = first
  for (let pieces = 1; ; pieces++) {
    if (piece.sha256 !== null) yield* taken(ports, piece.sha256)
    if (piece.rest === '' || pieces >= MAX_PIECES) return
    piece = await render(ports, node, { ...request, text: piece.rest })
  }
}

/** The file, which is then gone. */
async function* taken({ blobs }: PreviewPorts, hash: BlobHash): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  try {
    const body = await blobs.get(hash)
    if (body) yield new Uint8Array(await new Response(body).arrayBuffer())
  } finally {
    await blobs.delete(hash)
  }
}

/** A caller who hangs up ends the speaking. `drop`: of one who did so before the first piece was asked for. */
function streamed(
  parts: AsyncGenerator<Uint8Array<ArrayBuffer>>,
  { sampleRate, drop }: { sampleRate: number; drop: () => Promise<void> },
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(endlessWavHeader(sampleRate))
    },
    async pull(controller) {
      try {
        const { value, done } = await parts.next()
        if (done) controller.close()
        else controller.enqueue(value)
      } catch (error) {
        // The status is sent: a body that breaks off is all that can be said.
        controller.error(faultOf(error))
      }
    },
    async cancel() {
      await parts.return(undefined)
      await drop()
    },
  })
}
