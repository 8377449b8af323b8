// The session room with virtual time: heartbeat, slowness, gaps, acknowledgements, bugs.
import { describe, expect, it } from 'vitest'
import { newId } from '#shared/ids.ts'
import { CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import { PING, PONG } from '#shared/protocol/decode.ts'
import { MAX_SOCKET_BUFFER_BYTES } from '#shared/protocol/limits.ts'
import { audio, FakeWorld, type End } from '#tests/edge/rooms-world.ts'

const fault = (end: End): Record<string, unknown> => end.socket.last('fault') ?? {}
const turnId = newId('turn')

describe('the sockets of a session', () => {
  it('[SES19] a ping is answered with a pong; 8 s of silence lose a caller, 2 s a node', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live()
    caller.say(PING)
    expect(caller.socket.sent.at(-1)).toBe(PONG)
    caller.vanish()
    await world.clock.advance(8_000)
    expect(caller.socket.closedWith).toBe(CLOSE_RESUME)
    expect(node.socket.closedWith).toBeUndefined()
    node.vanish()
    await world.clock.advance(2_000)
    expect(node.socket.closedWith).toBe(CLOSE_RESUME)
  })

  it('[SES20] a socket that is too slow is closed with 4100 and resumes without loss', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live()
    caller.socket.bufferedAmount = MAX_SOCKET_BUFFER_BYTES + 1
    node.say({ type: 'transcript.partial', seq: 1, turnId, text: 'slowly' })
    expect(caller.socket.closedWith).toBe(CLOSE_RESUME)
    const back = await world.resumeCaller(caller.socket.last('session.ready')?.resumeToken, 0)
    expect(back.socket.last('transcript.partial')).toMatchObject({ seq: 1, text: 'slowly' })
  })

  it('[SES21] a gap in the numbers closes that socket with 4100, so that it resumes', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live()
    caller.say(audio(1))
    caller.say(audio(3))
    expect(caller.socket.closedWith).toBe(CLOSE_RESUME)
    node.say({ type: 'transcript.partial', seq: 2, turnId, text: 'early' })
    expect(node.socket.closedWith).toBe(CLOSE_RESUME)
  })

  it('[SES22] an end is acknowledged only what the other end acknowledged', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live()
    for (const seq of [1, 2, 3]) caller.say(audio(seq))
    node.say({ type: 'transcript.partial', seq: 1, turnId, text: 'one' })
    expect([...caller.socket.types, ...node.socket.types]).not.toContain('ack')
    node.say({ type: 'ack', received: 2 })
    expect(caller.socket.last('ack')).toEqual({ type: 'ack', received: 2 })
    caller.say({ type: 'ack', received: 1 })
    expect(node.socket.last('ack')).toEqual({ type: 'ack', received: 1 })
  })

  it('[SES26] an acknowledgement of what was never sent is refused', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live()
    caller.say({ type: 'ack', received: 7 })
    expect(fault(caller)).toMatchObject({ code: 'invalid_message', issues: ['ack.received: expected at most 0'] })
    expect(node.socket.types).not.toContain('ack')
  })

  it('[SES23] a leg that keeps more than 60 s for its far end ends the session with a fault that names the limit', async () => {
    const world = new FakeWorld()
    const { caller } = await world.live()
    caller.say(audio(1))
    await world.clock.advance(60_001)
    caller.say(audio(2))
    expect(fault(caller)).toMatchObject({ code: 'too_large', limit: 'replay', max: 60_000, unit: 'ms' })
    await world.clock.advance(3_000)
    expect(caller.socket.last('session.ended')).toMatchObject({ reason: 'fault' })
    expect(caller.socket.closedWith).toBe(4413)
  })

  it('[SES30] between two verbs a room does nothing: its alarm alone wakes it, and none is left when it has ended', async () => {
    const world = new FakeWorld()
    const { caller, control, node } = await world.live()
    for (const end of [caller, control, node]) end.vanish()
    await world.clock.advance(24 * 60 * 60_000)
    expect(world.stored?.endReason).toBeDefined()
    expect(await world.rooms.sessions.count()).toBe(0)
    expect(world.clock.pending).toBe(0)
  })
})
