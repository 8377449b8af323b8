// The session room with virtual time: from session.start to the goodbye, and whatever may vanish in between.
import { describe, expect, it } from 'vitest'
import { newId } from '#shared/ids.ts'
import { CLOSE_NORMAL, CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import { PING, PONG } from '#shared/protocol/decode.ts'
import { CALLER_GONE_MS, MAX_SOCKET_BUFFER_BYTES, NODE_DEAD_AFTER_MS } from '#shared/protocol/limits.ts'
import { audio, FakeWorld, offerOf, type End } from './fake-world.ts'

const fault = (end: End): Record<string, unknown> => end.socket.last('fault') ?? {}
const turnId = newId('turn')

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
    const { caller, node } = await world.begin({ language: 'zh', audio: { inputRate: 8_000 }, options: { bargeInMs: 400 } })
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
    await world.clock.settle()
    expect(caller.socket.last('session.ready')).toMatchObject({ engines: [{ name: 'scripted' }], language: 'zh' })
    expect(world.stored).toMatchObject({ nodeId: 'nod_one', epoch: 1 })
    expect(world.stored?.resumeTokenHash).toMatch(/^[0-9a-f]{64}$/)
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
    await expect(world.dial(offerOf(control).ticket, 'nod_two')).rejects.toMatchObject({ fault: { code: 'stale_epoch' } })
  })
})

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
    expect(back.socket.messages).toMatchObject([{ type: 'session.resumed', received: 1 }, { seq: 2, text: 'two' }])
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

  it('[SES15] a node that does not finish within 3 s is not waited for', async () => {
    const world = new FakeWorld()
    const { caller } = await world.live()
    caller.say({ type: 'session.end' })
    await world.clock.advance(2_999)
    expect(caller.socket.types).not.toContain('session.ended')
    await world.clock.advance(1)
    expect(caller.socket.last('session.ended')).toMatchObject({ reason: 'caller' })
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

  it('[SES24] a bug ends the session with internal and leaves the others alone', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live()
    const other = await world.caller(newId('session'))
    node.socket.send = () => {
      throw new TypeError('a bug')
    }
    caller.say(audio(1))
    await world.until(() => caller.socket.closedWith !== undefined)
    expect(fault(caller).code).toBe('internal')
    expect(caller.socket.closedWith).toBe(1011)
    expect(other.socket.closedWith).toBeUndefined()
    expect(await world.rooms.sessions.count()).toBe(1)
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
