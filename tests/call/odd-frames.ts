// Frames that mean nothing, or almost something: what the fuzz tests throw at every socket. The same ones in each run.
import fc from 'fast-check'
import type { Frame } from '#shared/link/frame.ts'
import { encodeAudioFrame } from '#shared/protocol/audio-frame.ts'
import { PING, PONG } from '#shared/protocol/decode.ts'

/** Every type of every wire, also where it does not belong. */
const TYPES = words(`
  session.start session.end session.begin session.begun session.failed session.resumed session.offer
  session.update session.updated session.notice session.revoked session.ready session.ended text.send
  utterance.commit utterance.clear utterance.started utterance.ended playback.progress
  transcript.partial transcript.final transcript.correct transcript.corrected message.skipped ack
  reply.started reply.text reply.paused reply.resumed reply.done reply.interrupt fault response
  node.hello node.status node.draining node.welcome offer.accepted offer.declined turn.finished
  turn.stored constructor __proto__`)

const values = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1, 2, 65_536, 4_294_967_295, 4_294_967_296, 1e300, 0.5, '', 'x', [], {}),
  fc.constantFrom('trn_one', 'ses_one', 'cnv_one', 'per_default', 'en', 'zh', 'fast', 'complete', 'caller', 'stt'),
  fc.jsonValue(),
)
const fields = fc.constantFrom(
  ...words(`
    seq received turnId turn text language playedSamples startSample options audio code conversationId
    personaId reason engines sessions slots freeSlots name version vram sessionId epoch status timings
    replyText heardText sentSamples atSample notice id`),
)
const messages = fc
  .tuple(fc.constantFrom(...TYPES), fc.dictionary(fields, values, { maxKeys: 8 }))
  .map(([type, rest]) => JSON.stringify({ ...rest, type }))
/** Right by the first glance, so that they get further in. */
const almost = fc
  .record({ seq: fc.integer({ min: 0, max: 12 }), text: fc.string({ minLength: 1 }), playedSamples: fc.nat() })
  .chain((rest) =>
    fc
      .constantFrom(
        'text.send',
        'playback.progress',
        'reply.interrupt',
        'utterance.commit',
        'reply.text',
        'transcript.final',
      )
      .map((type) =>
        JSON.stringify({ ...rest, type, turnId: 'trn_one', startSample: rest.playedSamples, language: 'en', turn: 1 }),
      ),
  )
const audio = fc
  .record({ turn: fc.nat(65_535), sequence: fc.integer({ min: 0, max: 12 }), pcm: fc.uint8Array({ maxLength: 2_000 }) })
  .map(encodeAudioFrame)
const bytes = fc.uint8Array({ maxLength: 64 }).map((array) => new Uint8Array(array))
const texts = fc.oneof(
  fc.json(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(PING, PONG, '{}', '[]', 'null', '"', '['.repeat(60_000), `{"type":"${'x'.repeat(70_000)}"}`),
)

function words(text: string): string[] {
  return text.trim().split(/\s+/)
}

export function oddFrames(count: number, seed: number): Frame[] {
  return fc.sample<Frame>(fc.oneof(messages, almost, audio, bytes, texts), { numRuns: count, seed })
}
