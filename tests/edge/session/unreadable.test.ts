// What a caller or a node sends wrongly: a clear fault each time, the session goes on, and no number is ever missing.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newId } from '#shared/ids.ts'
import type { Frame } from '#shared/link/frame.ts'
import { NO_TIMINGS } from '#shared/model/turn.ts'
import { encodeAudioFrame } from '#shared/protocol/audio-frame.ts'
import { audio, FakeWorld } from '#tests/edge/rooms-world.ts'

const turnId = newId('turn')
const numbered = (seq: number, byteLength: number, kind = 1): Uint8Array<ArrayBuffer> => {
  const frame = encodeAudioFrame({ turn: 0, sequence: seq, pcm: new Uint8Array(byteLength) })
  frame[0] = kind
  return frame
}

/** What is wrong, what is sent with the number 1, and what the fault says. */
const WRONG: Array<[string, Frame | object, object]> = [
  ['an unknown type', { type: 'nonsense', seq: 1 }, { code: 'invalid_message' }],
  ['a message without its field', { type: 'text.send', seq: 1 }, { code: 'invalid_message', issues: [/text/] }],
  ['invalid JSON', '{"type":"text.send","seq":1', { code: 'invalid_message', issues: ['not valid JSON'] }],
  [
    'more than 64 KiB of JSON',
    JSON.stringify({ type: 'text.send', seq: 1, text: 'x'.repeat(64 * 1024) }),
    { code: 'too_large', limit: 'message', max: 65_536, unit: 'bytes' },
  ],
  [
    '1,001 characters',
    { type: 'text.send', seq: 1, text: '😀'.repeat(1_001) },
    { code: 'too_large', limit: 'text', max: 1_000, got: 1_001, unit: 'characters' },
  ],
  ['PCM of odd length', numbered(1, 639), { code: 'invalid_message', issues: [/even number of bytes, got 639/] }],
  ['an audio frame without samples', numbered(1, 0), { code: 'invalid_message', issues: [/no samples/] }],
  ['another kind of audio', numbered(1, 640, 9), { code: 'invalid_message', issues: [/kind must be 1/] }],
  ['a frame shorter than its header', new Uint8Array(3), { code: 'invalid_message', issues: [/8-byte header/] }],
  [
    'audio at a rate that was not agreed',
    numbered(1, 48_000 * 2 * 0.2),
    { code: 'too_large', limit: 'audioFrame', max: 6_400, got: 19_200, unit: 'bytes' },
  ],
  [
    'options out of bounds',
    { type: 'session.update', seq: 1, options: { hardEndMs: 9e9 } },
    { code: 'invalid_message' },
  ],
]

const matching = (expected: object): object =>
  Object.fromEntries(
    Object.entries(expected).map(([key, value]) => [
      key,
      Array.isArray(value)
        ? value.map((issue: string | RegExp): unknown =>
            issue instanceof RegExp ? expect.stringMatching(issue) : issue,
          )
        : value,
    ]),
  )

describe('unreadable', () => {
  it.each(WRONG)(
    '[SES3] %s: a fault says what is wrong, and what follows reaches the node',
    async (_, wrong, expected) => {
      const world = new FakeWorld()
      const { caller, node } = await world.live()
      caller.say(wrong)
      expect(caller.socket.last('fault')).toMatchObject(matching(expected))
      caller.say(audio(2))
      expect(caller.socket.closedWith).toBeUndefined()
      expect(node.socket.sent.at(-1)).toEqual(audio(2))
      expect(node.socket.last('message.skipped')).toEqual({ type: 'message.skipped', seq: 1 })
    },
  )

  it('[SES2] audio and messages before session.start are a fault each, and the session begins all the same', async () => {
    const world = new FakeWorld()
    world.control()
    const caller = await world.caller()
    caller.say(audio(1))
    expect(caller.socket.last('fault')).toMatchObject({ issues: ['audio before session.start'] })
    caller.say({ type: 'text.send', seq: 2, text: 'hello' })
    expect(caller.socket.last('fault')).toMatchObject({ issues: ['text.send before session.start'] })
    caller.say({ type: 'session.start' })
    caller.say(audio(3))
    await world.clock.settle()
    expect(caller.socket.closedWith).toBeUndefined()
    expect(caller.socket.types).toEqual(['fault', 'fault'])
  })

  it('[SES2] what is wrong before session.ready leaves no gap either', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.begin()
    caller.say('{"seq":1,')
    node.say({ type: 'session.begun', engines: [] })
    caller.say(audio(2))
    expect(caller.socket.closedWith).toBeUndefined()
    expect(node.socket.sent.at(-1)).toEqual(audio(2))
  })

  it('[SES21] an unreadable frame explains only the gap that it leaves itself', async () => {
    const { caller } = await new FakeWorld().live()
    caller.say('{')
    caller.say(audio(1))
    caller.say(audio(3))
    expect(caller.socket.closedWith).toBe(4100)

    const lost = new FakeWorld()
    const ends = await lost.live()
    ends.caller.say('{')
    ends.caller.close()
    const back = await lost.resumeCaller(ends.caller.socket.last('session.ready')?.resumeToken, 0)
    back.say(audio(2))
    expect(back.socket.closedWith).toBe(4100)
  })

  it('[SES31] a second session.start is a fault and changes nothing', async () => {
    const world = new FakeWorld()
    const { caller } = await world.live()
    caller.say({ type: 'session.start' })
    expect(caller.socket.last('fault')).toMatchObject({ issues: ['session.start: only once'] })
    expect(caller.socket.closedWith).toBeUndefined()
  })

  it('[SES4] a text of exactly 1,000 characters passes, counted as a person counts', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live()
    caller.say({ type: 'text.send', seq: 1, text: '😀'.repeat(1_000) })
    expect(caller.socket.types).not.toContain('fault')
    expect(node.socket.types).toContain('text.send')
  })

  it('[SES42] progress of a turn that nobody began is a fault; of one that is over it passes', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live()
    const progress = (seq: number) => ({ type: 'playback.progress', seq, turnId, playedSamples: 480 })
    caller.say(progress(1))
    expect(caller.socket.last('fault')).toMatchObject({ code: 'not_found', kind: 'turn', id: turnId })
    expect(node.socket.last('message.skipped')).toEqual({ type: 'message.skipped', seq: 1 })
    const timings = NO_TIMINGS
    node.say({ type: 'reply.started', seq: 1, turnId, turn: 1 })
    const done = { type: 'reply.done', seq: 2, turnId, status: 'complete', replyText: '', heardText: '' }
    node.say({ ...done, sentSamples: 480, timings })
    caller.say(progress(2))
    expect(node.socket.last('playback.progress')).toEqual(progress(2))
    expect(caller.socket.types.filter((type) => type === 'fault')).toHaveLength(1)
  })

  it('[SES32] an unreadable message of the node is a fault to the node, and the caller sees no gap', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live()
    node.say({ type: 'from.the.future', seq: 1 })
    node.say('}')
    node.say(numbered(3, 1))
    node.say({ type: 'transcript.partial', seq: 4, turnId, text: 'still here' })
    expect(node.socket.types.filter((type) => type === 'fault')).toHaveLength(3)
    expect(caller.socket.messages.slice(1).map(({ type, seq }) => [type, seq])).toEqual([
      ['message.skipped', 1],
      ['message.skipped', 2],
      ['message.skipped', 3],
      ['transcript.partial', 4],
    ])
  })

  it('[SES3] however good and bad frames are mixed, the node gets each number once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('good', 'odd', 'broken', 'unnumbered'), { maxLength: 40 }),
        async (kinds) => {
          const world = new FakeWorld()
          const { caller, node } = await world.live()
          let seq = 0
          for (const kind of [...kinds, 'good']) {
            if (kind !== 'unnumbered') seq++
            if (kind === 'good') caller.say({ type: 'utterance.commit', seq })
            if (kind === 'odd') caller.say(numbered(seq, 3))
            if (kind === 'broken') caller.say(`{"seq":${seq},`)
            if (kind === 'unnumbered') caller.say('{"type":"ack"}')
          }
          const numbers = node.socket.messages.flatMap((message) => ('seq' in message ? [message.seq] : []))
          expect(numbers).toEqual(Array.from({ length: seq }, (_, i) => i + 1))
          expect(caller.socket.closedWith).toBeUndefined()
        },
      ),
      { numRuns: 40 },
    )
  })
})
