// What the relay bench has taught the edge, held here so that it stays: frames are relayed without a copy and without a look
// at every deadline, and still no socket is kept alive or closed by it.
import { describe, expect, it } from 'vitest'
import { frameOf } from '#edge/runtime/node/upgrades.ts'
import { CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import { audio, FakeWorld } from '#tests/edge/rooms-world.ts'

const HEADER_BYTES = 8

describe('a frame as it comes from a socket', () => {
  it('[BEN7] is not copied where it is most of its read', () => {
    const read = Buffer.from(new ArrayBuffer(648 + HEADER_BYTES))
    const frame = frameOf(read.subarray(HEADER_BYTES).fill(7), true) as Uint8Array
    expect(frame.buffer).toBe(read.buffer)
    expect([...frame]).toEqual(Array.from({ length: 648 }, () => 7))
  })

  it('[BEN7] gets bytes of its own where it would keep a large read alive', () => {
    const read = Buffer.from(new ArrayBuffer(64 * 1024))
    const frame = frameOf(read.subarray(100, 110).fill(7), true) as Uint8Array
    expect(frame.buffer.byteLength).toBe(10)
    expect([...frame]).toEqual(Array.from({ length: 10 }, () => 7))
    expect(frameOf(Buffer.from('{"type":"ping"}'), false)).toBe('{"type":"ping"}')
  })
})

describe('the deadlines of a session that only sends audio', () => {
  it('[BEN8] are put off by each frame, and kept once the frames stop', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live()
    // No ping any more: only its audio says that it lives.
    caller.vanish()
    for (let second = 1; second <= 20; second++) {
      caller.say(audio(second))
      node.say({ type: 'ack', received: second })
      await world.clock.advance(1_000)
    }
    expect(caller.socket.closedWith).toBeUndefined()
    await world.clock.advance(6_999)
    expect(caller.socket.closedWith).toBeUndefined()
    await world.clock.advance(1)
    expect(caller.socket.closedWith).toBe(CLOSE_RESUME)
  })
})
