// The session room with virtual time: from session.start to session.ready.
import { describe, expect, it } from 'vitest'
import { newId } from '#shared/ids.ts'
import { CLOSE_NORMAL } from '#shared/protocol/close-codes.ts'
import { audio, FakeWorld, offerOf, type End } from '#tests/edge/rooms-world.ts'

const fault = (end: End): Record<string, unknown> => end.socket.last('fault') ?? {}

describe('a session begins', () => {
  it('[SES1] without session.start within 10 s it ends with deadline_exceeded and close code 4508', async () => {
    const world = new FakeWorld()
    const caller = await world.caller()
    await world.clock.advance(9_999)
    expect(caller.socket.closedWith).toBeUndefined()
    await world.clock.advance(2)
    expect(fault(caller)).toMatchObject({ code: 'deadline_exceeded', stage: 'session.start' })
    expect(caller.socket.closedWith).toBe(4508)
    expect(await world.rooms.sessions.count()).toBe(0)
  })

  it('[SES5] options that contradict each other are named, and the caller may start again', async () => {
    const world = new FakeWorld()
    const control = world.control()
    const caller = await world.caller()
    caller.say({ type: 'session.start', options: { softEndMs: 900 } })
    expect(fault(caller)).toMatchObject({ code: 'invalid_message' })
    expect(JSON.stringify(fault(caller).issues)).toMatch(/softEndMs.*hardEndMs/)
    caller.say({ type: 'session.start', options: { softEndMs: 900, hardEndMs: 1_000 } })
    await world.clock.settle()
    expect(control.socket.types).toContain('session.offer')
  })

  it('[SES6] a conversation that is not there ends it with not_found, one that is in use with conflict', async () => {
    const world = new FakeWorld()
    const { caller } = await world.live()
    const { conversationId } = caller.socket.last('session.ready') ?? {}
    for (const [id, code, close] of [
      ['cnv_other', 'not_found', 4404],
      [conversationId, 'conflict', 4409],
    ]) {
      const other = await world.caller(newId('session'))
      other.say({ type: 'session.start', conversationId: id })
      await world.clock.settle()
      expect(fault(other).code).toBe(code)
      expect(other.socket.closedWith).toBe(close)
    }
    expect(await world.rooms.sessions.count()).toBe(1)
  })

  it('[SES7] without a free slot the caller is told when to come again, and the conversation is free', async () => {
    const world = new FakeWorld()
    const caller = await world.caller()
    caller.say({ type: 'session.start' })
    await world.until(() => caller.socket.closedWith !== undefined)
    expect(fault(caller)).toMatchObject({ code: 'no_capacity', retryAfterMs: 3_000 })
    expect(caller.socket.closedWith).toBe(4503)
    expect(world.stored?.endReason).toBe('fault')
  })

  it('[SES8] the node gets all it needs in session.begin, and the caller is ready only when the node has begun', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.begin({
      language: 'zh',
      audio: { inputRate: 8_000 },
      options: { bargeInMs: 400 },
    })
    expect(node.socket.last('session.begin')).toMatchObject({
      epoch: 1,
      language: 'zh',
      ttsMode: 'fast',
      audio: { inputRate: 8_000, outputRate: 24_000 },
      options: { bargeInMs: 400, hardEndMs: 500 },
      persona: { id: 'per_default' },
      turns: [],
      nextSeq: 1,
      nextTurn: 1,
    })
    expect(caller.socket.types).toEqual([])
    node.say({ type: 'session.begun', engines: [{ role: 'stt', name: 'scripted', version: '1' }] })
    await world.until(() => caller.socket.types.includes('session.ready') && world.stored?.nodeId !== undefined)
    expect(caller.socket.last('session.ready')).toMatchObject({ engines: [{ name: 'scripted' }], language: 'zh' })
    expect(world.stored).toMatchObject({ nodeId: 'nod_one', epoch: 1 })
  })

  it('[SES9] audio that comes before session.ready is kept for the node', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.begin()
    for (const seq of [1, 2, 3]) caller.say(audio(seq))
    expect(node.socket.sent.filter((frame) => typeof frame !== 'string')).toEqual([])
    node.say({ type: 'session.begun', engines: [] })
    expect(node.socket.sent.filter((frame) => typeof frame !== 'string')).toEqual([audio(1), audio(2), audio(3)])
  })

  it('[SES12] a caller who is lost before session.ready ends it at once, and the slot is free', async () => {
    const world = new FakeWorld()
    const { caller, control, node } = await world.begin()
    caller.close()
    expect(node.socket.last('session.end')).toMatchObject({ reason: 'callerGone' })
    node.close(CLOSE_NORMAL)
    await world.until(() => world.stored?.endReason !== undefined)
    expect(control.socket.last('session.revoked')).toMatchObject({ sessionId: world.sessionId })
    await expect(world.dial('any')).rejects.toMatchObject({ fault: { code: 'not_found' } })
  })

  it('[SES17] a ticket is good once, for the node that accepted, within 30 s', async () => {
    const world = new FakeWorld()
    const { control } = await world.begin()
    await expect(world.dial(offerOf(control).ticket)).rejects.toMatchObject({ fault: { code: 'unauthenticated' } })
    await expect(world.dial(offerOf(control).ticket, 'nod_two')).rejects.toMatchObject({
      fault: { code: 'stale_epoch' },
    })
  })
})
