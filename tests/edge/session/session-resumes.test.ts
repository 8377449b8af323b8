// The session room with virtual time: sockets that are lost, and come back or do not.
import { describe, expect, it } from 'vitest'
import { newId } from '#shared/ids.ts'
import { CLOSE_NORMAL } from '#shared/protocol/close-codes.ts'
import { CALLER_GONE_MS, NODE_DEAD_AFTER_MS } from '#shared/protocol/limits.ts'
import { audio, FakeWorld, type End } from '#tests/edge/rooms-world.ts'

const fault = (end: End): Record<string, unknown> => end.socket.last('fault') ?? {}
const turnId = newId('turn')

describe('a peer vanishes', () => {
  it('[SES10] a caller resumes with what he lacks; his token is new each time and the one before still good', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live()
    caller.say(audio(1))
    node.say({ type: 'transcript.partial', seq: 1, turnId, text: 'one' })
    caller.close()
    node.say({ type: 'transcript.partial', seq: 2, turnId, text: 'two' })
    const token = caller.socket.last('session.ready')?.resumeToken
    const back = await world.resumeCaller(token, 1)
    expect(back.socket.messages).toMatchObject([
      { type: 'session.resumed', received: 1 },
      { seq: 2, text: 'two' },
    ])
    const next = back.socket.last('session.resumed')?.resumeToken
    expect(next).not.toBe(token)
    const again = await world.resumeCaller(token, 2)
    expect(back.socket.closedWith).toBe(4101)
    expect(again.socket.types).toEqual(['session.resumed'])
    await expect(world.resumeCaller('wrong', 2)).rejects.toMatchObject({ fault: { code: 'unauthenticated' } })
    await expect(world.resumeCaller(next, 3)).rejects.toMatchObject({ fault: { code: 'invalid_message' } })
  })

  it('[SES11] a caller who stays away for 30 s ends it: the node is told, the slot is free, the end is stored', async () => {
    const world = new FakeWorld()
    const { caller, control, node } = await world.live()
    caller.close()
    await world.clock.advance(CALLER_GONE_MS - 1)
    expect(node.socket.types).not.toContain('session.end')
    await world.clock.advance(1)
    expect(node.socket.last('session.end')).toMatchObject({ reason: 'callerGone' })
    node.close(CLOSE_NORMAL)
    await world.until(() => world.stored?.endReason === 'callerGone')
    expect(control.socket.types).toContain('session.revoked')
    const token = caller.socket.last('session.ready')?.resumeToken
    await expect(world.resumeCaller(token, 0)).rejects.toMatchObject({ fault: { code: 'not_found' } })
  })

  it('[SES13] a node dials again with its resume token and gets what it lacks', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live()
    caller.say(audio(1))
    node.close()
    caller.say(audio(2))
    const back = await world.redial(node.socket.last('session.begin')?.resumeToken, 1)
    expect(back.socket.messages[0]).toMatchObject({ type: 'session.resumed', received: 0 })
    expect(back.socket.sent.at(1)).toEqual(audio(2))
    await world.clock.advance(60_000)
    expect(caller.socket.types).not.toContain('fault')
  })

  it('[SES14] a node that falls silent is told to the caller within 8 s, and the open turn is stored as cut', async () => {
    const world = new FakeWorld()
    const { caller, node, control } = await world.live()
    node.say({ type: 'utterance.started', seq: 1, turnId, turn: 1, atSample: 0 })
    node.say({ type: 'transcript.final', seq: 2, turnId, text: 'how are you', language: 'en' })
    node.say({ type: 'reply.started', seq: 3, turnId, turn: 1 })
    node.say({ type: 'reply.text', seq: 4, turnId, text: 'I am ', startSample: 0 })
    node.say({ type: 'reply.text', seq: 5, turnId, text: 'well.', startSample: 4_800 })
    caller.say({ type: 'playback.progress', seq: 1, turnId, playedSamples: 4_800 })
    node.vanish()
    control.vanish()
    await world.clock.advance(NODE_DEAD_AFTER_MS)
    expect(caller.socket.types.slice(-2)).toEqual(['fault', 'session.ended'])
    expect(fault(caller).code).toBe('node_lost')
    expect(caller.socket.last('session.ended')).toMatchObject({ reason: 'nodeLost' })
    expect(caller.socket.closedWith).toBe(4502)
    const turns = [...world.store.conversations.values()].flatMap((conversation) => [...conversation.turns.values()])
    expect(turns).toMatchObject([{ id: turnId, status: 'cut', utteranceText: 'how are you', replyText: 'I am well.' }])
    expect(turns[0]?.heardText.trim()).toBe('I am well.'.slice(0, turns[0]?.heardText.trim().length))
  })

  it('[SES14] of two texts in a row the cut record of the first has its own words', async () => {
    const world = new FakeWorld()
    const { caller, node, control } = await world.live()
    caller.say({ type: 'text.send', seq: 1, text: 'the first' })
    caller.say({ type: 'text.send', seq: 2, text: 'the second' })
    node.say({ type: 'transcript.final', seq: 1, turnId, text: 'the first', language: 'en' })
    node.say({ type: 'reply.started', seq: 2, turnId, turn: 1 })
    node.vanish()
    control.vanish()
    await world.clock.advance(NODE_DEAD_AFTER_MS)
    const turns = [...world.store.conversations.values()].flatMap((conversation) => [...conversation.turns.values()])
    expect(turns).toMatchObject([{ id: turnId, source: 'text', status: 'cut', utteranceText: 'the first' }])
  })

  it('[SES27] the fleet’s word that a node is gone ends a session only when its data socket is gone as well', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live()
    await world.rooms.sessions.nodeLost('nod_one', [world.sessionId])
    expect(caller.socket.types).not.toContain('fault')
    node.close()
    await world.rooms.sessions.nodeLost('nod_two', [world.sessionId])
    expect(caller.socket.types).not.toContain('fault')
    await world.rooms.sessions.nodeLost('nod_one', [world.sessionId])
    await world.until(() => caller.socket.types.includes('session.ended'))
    expect(fault(caller).code).toBe('node_lost')
  })

  it('[SES28] an accepted offer without a data socket, and a node that never begins, both end with node_lost', async () => {
    const waiting = new FakeWorld()
    const control = waiting.control()
    const caller = await waiting.caller()
    caller.say({ type: 'session.start' })
    await waiting.clock.settle()
    control.say({ type: 'offer.accepted', sessionId: waiting.sessionId, epoch: 1 })
    await waiting.clock.advance(NODE_DEAD_AFTER_MS)
    expect(fault(caller).code).toBe('node_lost')

    const silent = new FakeWorld()
    const ends = await silent.begin()
    await silent.clock.advance(20_000)
    expect(fault(ends.caller).code).toBe('node_lost')
    expect(ends.node.socket.closedWith).toBe(CLOSE_NORMAL)
  })
})
