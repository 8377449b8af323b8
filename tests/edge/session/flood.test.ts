// The session room with virtual time: a caller who sends more than he may.
import { describe, expect, it } from 'vitest'
import { FRAME_RATE, MESSAGE_RATE, REFUSED_RATE, TEXT_RATE } from '#edge/session/caller-allowance.ts'
import type { Frame } from '#shared/link/frame.ts'
import { PING } from '#shared/protocol/decode.ts'
import { MAX_UTTERANCE_FRAMES } from '#shared/protocol/limits.ts'
import { audio, FakeWorld, type End } from '#tests/edge/rooms-world.ts'

const DEEP = `${'['.repeat(30_000)}${']'.repeat(30_000)}`
const text = (seq: number) => ({ type: 'text.send', seq, text: 'hello' })

/** Each flood, and how many of its frames are looked at. */
const FLOODS: Array<[string, (at: number) => Frame | object, number]> = [
  ['tiny JSON', () => '{}', REFUSED_RATE.capacity],
  ['JSON of 30,000 levels', () => DEEP, 4],
  ['60 KB of junk', () => new Uint8Array(60_000).fill(7), REFUSED_RATE.capacity],
  ['session.start again and again', () => ({ type: 'session.start' }), REFUSED_RATE.capacity],
  ['texts', text, TEXT_RATE.capacity],
  ['pings', () => PING, MESSAGE_RATE.capacity],
  ['acks', () => ({ type: 'ack', received: 0 }), MESSAGE_RATE.capacity],
  ['audio', (at) => audio(at), FRAME_RATE.capacity],
]

/** Sends until the edge hangs up, and gives how many frames that were. */
function flood(caller: End, frameAt: (at: number) => Frame | object): number {
  let sent = 0
  while (caller.socket.closedWith === undefined && sent < 10_000) caller.say(frameAt(++sent))
  return sent
}

describe('a caller who floods', () => {
  it.each(FLOODS)(
    '[HOS8] with %s is told, closed with 4429, and his session ends',
    async (_what, frameAt, admitted) => {
      const world = new FakeWorld()
      const { caller, node } = await world.live()
      const sent = flood(caller, frameAt)
      // The start of the session was a frame, too.
      expect(sent).toBeGreaterThan(admitted - 3)
      expect(sent).toBeLessThan(admitted + 3)
      expect(caller.socket.last('fault')).toMatchObject({ code: 'rate_limited', retryAfterMs: 10_000 })
      expect(caller.socket.closedWith).toBe(4429)
      expect(node.socket.last('session.end')).toMatchObject({ reason: 'fault' })
      node.close(1000)
      await world.until(() => world.stored?.endReason !== undefined)
      await expect(world.resumeCaller(caller.socket.last('session.ready')?.resumeToken, 0)).rejects.toMatchObject({
        fault: { code: 'not_found' },
      })
    },
  )

  it('[HOS11] is not looked at any more once he is closed', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live()
    flood(caller, text)
    const [heard, told] = [node.socket.sent.length, caller.socket.sent.length]
    for (let seq = 100; seq < 200; seq++) caller.say(text(seq))
    for (let times = 0; times < 100; times++) caller.say('{}')
    expect([node.socket.sent.length, caller.socket.sent.length]).toEqual([heard, told])
  })

  it.each(['awaitingStart', 'opening'] as const)('[HOS8] is hung up on in %s, too', async (state) => {
    const world = new FakeWorld()
    world.control()
    const caller = await world.caller()
    if (state === 'opening') caller.say({ type: 'session.start' })
    flood(caller, () => '{}')
    expect(caller.socket.types.filter((type) => type === 'fault')).toHaveLength(REFUSED_RATE.capacity + 2)
    expect(caller.socket.last('fault')).toMatchObject({ code: 'rate_limited' })
    expect(caller.socket.closedWith).toBe(4429)
  })

  it('[HOS8] does not: who sends a whole utterance at once, loses his socket and sends all of it again', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live()
    let seq = 0
    for (; seq < MAX_UTTERANCE_FRAMES;) caller.say(audio(++seq))
    caller.close()
    let last = caller
    for (let times = 0; times < 3; times++) {
      const { resumeToken } = last.socket.last(times === 0 ? 'session.ready' : 'session.resumed') ?? {}
      last = await world.resumeCaller(resumeToken, 0)
      for (let again = 1; again <= seq; again++) last.say(audio(again))
      expect(last.socket.closedWith).toBeUndefined()
      if (times < 2) last.close()
    }
    // What was there already is not passed on again.
    expect(node.socket.sent.filter((frame) => typeof frame !== 'string')).toHaveLength(seq)
  })

  it('[HOS9] has no more for resuming again and again', async () => {
    const world = new FakeWorld()
    let { caller } = await world.live()
    let sent = 0
    let token = caller.socket.last('session.ready')?.resumeToken
    for (let resumes = 0; resumes < 20 && caller.socket.closedWith === undefined; resumes++) {
      for (let times = 0; times < 450 && caller.socket.closedWith === undefined; times++, sent++) caller.say(PING)
      if (caller.socket.closedWith !== undefined) break
      caller.close()
      caller = await world.resumeCaller(token, 0)
      token = caller.socket.last('session.resumed')?.resumeToken
    }
    expect(caller.socket.closedWith).toBe(4429)
    expect(sent).toBeLessThan(8 * MESSAGE_RATE.capacity)
  })
})
