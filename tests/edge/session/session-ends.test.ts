// The session room with virtual time: every way in which a session ends.
import { describe, expect, it } from 'vitest'
import { newId } from '#shared/ids.ts'
import { CLOSE_NORMAL } from '#shared/protocol/close-codes.ts'
import { FakeWorld } from '#tests/edge/rooms-world.ts'

const turnId = newId('turn')

describe('a session ends', () => {
  it('[SES15] session.end lets the node finish its words, then says session.ended and closes with 1000', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live()
    caller.say({ type: 'session.end' })
    expect(node.socket.last('session.end')).toMatchObject({ reason: 'caller' })
    node.say({ type: 'transcript.partial', seq: 1, turnId, text: 'last words' })
    expect(caller.socket.last('transcript.partial')).toMatchObject({ text: 'last words' })
    expect(caller.socket.types).not.toContain('session.ended')
    node.close(CLOSE_NORMAL)
    await world.until(() => caller.socket.closedWith !== undefined)
    expect(caller.socket.last('session.ended')).toMatchObject({ reason: 'caller' })
    expect(caller.socket.closedWith).toBe(CLOSE_NORMAL)
  })

  it('[SES15] a caller’s clean close says the same; any other close leaves him time to come back', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live()
    caller.close(CLOSE_NORMAL)
    expect(node.socket.last('session.end')).toMatchObject({ reason: 'caller' })
    node.close(CLOSE_NORMAL)
    await world.until(() => world.stored?.endReason === 'caller')

    for (const code of [1001, 1005, 1006, 4100]) {
      const other = new FakeWorld()
      const ends = await other.live()
      ends.caller.close(code)
      await other.clock.advance(1_000)
      expect(ends.node.socket.types).not.toContain('session.end')
    }
  })

  it('[SES15] a node that does not finish within 3 s is not waited for', async () => {
    const world = new FakeWorld()
    const { caller } = await world.live()
    caller.say({ type: 'session.end' })
    await world.clock.advance(2_999)
    expect(caller.socket.types).not.toContain('session.ended')
    await world.clock.advance(1)
    expect(caller.socket.last('session.ended')).toMatchObject({ reason: 'caller' })
  })

  it('[SES36] the last words of a node for a caller who hung up are acknowledged at once', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live()
    node.say({ type: 'transcript.partial', seq: 1, turnId, text: 'before' })
    caller.say({ type: 'session.end' })
    expect(node.socket.types).not.toContain('ack')
    caller.close(CLOSE_NORMAL)
    await world.until(() => node.socket.last('ack')?.['received'] === 1)
    node.say({ type: 'transcript.partial', seq: 2, turnId, text: 'after' })
    expect(node.socket.last('ack')).toMatchObject({ received: 2 })
  })

  it('[STO26] the end of a session writes down how far its turn numbers went, also for utterances without a word', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live()
    node.say({ type: 'utterance.started', seq: 1, turnId, turn: 4, atSample: 0 })
    node.say({ type: 'utterance.ended', seq: 2, turnId, atSample: 1, reason: 'noSpeech' })
    caller.say({ type: 'session.end' })
    node.close(CLOSE_NORMAL)
    await world.until(() => world.stored?.endReason !== undefined)
    expect(world.stored).toMatchObject({ lastTurn: 4 })
  })

  it('[SES25] whoever hears session.ended can go on with the conversation at once', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live()
    let reasonWhenTold: unknown
    const { send } = caller.socket
    caller.socket.send = (frame) => {
      if (String(frame).includes('session.ended')) reasonWhenTold = world.stored?.endReason
      send.call(caller.socket, frame)
    }
    caller.say({ type: 'session.end' })
    node.close(CLOSE_NORMAL)
    await world.until(() => reasonWhenTold !== undefined)
    expect(reasonWhenTold).toBe('caller')
  })

  it('[SES16] five minutes without speech end it as idle, sixty minutes in any case', async () => {
    const idle = new FakeWorld()
    const { caller } = await idle.live()
    await idle.clock.advance(4 * 60_000)
    caller.say({ type: 'text.send', seq: 1, text: 'still here' })
    await idle.clock.advance(5 * 60_000 - 1)
    expect(caller.socket.types).not.toContain('session.ended')
    await idle.clock.advance(3_001)
    expect(caller.socket.last('session.ended')).toMatchObject({ reason: 'idle' })

    const long = new FakeWorld()
    const ends = await long.live()
    for (let minute = 1, seq = 1; minute < 60; minute++, seq++) {
      await long.clock.advance(60_000)
      ends.caller.say({ type: 'text.send', seq, text: 'still here' })
      ends.node.say({ type: 'ack', received: seq })
    }
    await long.clock.advance(63_000)
    expect(ends.caller.socket.last('session.ended')).toMatchObject({ reason: 'maxDuration' })
  })

  it('[SES35] a node that shuts down ends its sessions with shutdown, without a fault', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live()
    node.say({ type: 'session.failed', code: 'shutdown' })
    await world.until(() => caller.socket.closedWith !== undefined)
    expect(caller.socket.last('session.ended')).toMatchObject({ reason: 'shutdown' })
    expect(caller.socket.types).not.toContain('fault')
    expect(caller.socket.closedWith).toBe(CLOSE_NORMAL)
    expect(world.stored?.endReason).toBe('shutdown')
  })

  it('[SES29] shutdown ends every session with a farewell and waits until all are written', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live()
    const down = world.rooms.shutdown()
    expect(node.socket.last('session.end')).toMatchObject({ reason: 'shutdown' })
    node.close(CLOSE_NORMAL)
    await down
    expect(caller.socket.last('session.ended')).toMatchObject({ reason: 'shutdown' })
    expect(world.stored?.endReason).toBe('shutdown')
  })
})
