import { describe, expect, it } from 'vitest'
import { FaultError } from '#shared/fault.ts'
import { encodeAudioFrame, sequenceOf } from '#shared/protocol/audio-frame.ts'
import { CALLER_DEAD_AFTER_MS } from '#shared/protocol/limits.ts'
import { createClientWorld, createLiveWorld, partial, ready } from './client-world.ts'

describe('starting', () => {
  it('[CLT1] the first message is session.start, with what was asked for and without a number', async () => {
    const { dials, client, states } = await createClientWorld({
      start: { conversationId: 'cnv_old', language: 'zh' },
      credentials: async () => ({ ticket: 'abc' }),
    })
    client.send({ type: 'text.send', text: 'early' })
    expect(dials.last.url.href).toBe('ws://edge.test/ws/chat')
    expect(dials.last.protocols).toEqual(['parley.chat.v1', 'parley.ticket.abc'])
    dials.last.open()
    expect(dials.last.messages).toEqual([{ type: 'session.start', conversationId: 'cnv_old', language: 'zh' }])
    dials.last.say(ready())
    expect(dials.last.messages.slice(1)).toEqual([{ type: 'text.send', text: 'early', seq: 1 }])
    expect(states).toEqual(['ready'])
    expect([client.sessionId, client.conversationId]).toEqual(['ses_call1', 'cnv_talk1'])
  })

  it('[CLT1] each dial of a new session asks for a fresh ticket', async () => {
    let tickets = 0
    const { clock, dials } = await createClientWorld({ credentials: async () => ({ ticket: `t${++tickets}` }) })
    dials.last.fail()
    await clock.advance(200)
    expect(dials.all.map(({ ticket }) => ticket)).toEqual(['t1', 't2'])
  })

  it('[CLT2] audio is sent in frames of at most 100 ms, and kept until there is a session', async () => {
    const { dials, client } = await createClientWorld()
    client.sendAudio(Int16Array.from({ length: 4_000 }, (_, i) => i))
    client.sendAudio(new Int16Array(0))
    dials.last.open()
    expect(dials.last.audio).toEqual([])
    dials.last.say(ready())
    expect(dials.last.audio.map((frame) => (frame.length - 8) / 2)).toEqual([1_600, 1_600, 800])
    expect(dials.last.audio.map((frame) => sequenceOf(frame))).toEqual([1, 2, 3])
    const [first] = dials.last.audio
    expect(new DataView(first?.buffer ?? new ArrayBuffer(0)).getInt16(8 + 2 * 1_599, true)).toBe(1_599)
  })

  it('[CLT3] a refusal that waiting cannot mend ends the client; another one is tried again when the edge says', async () => {
    const { clock, dials, states } = await createClientWorld()
    dials.last.open().say({ type: 'fault', code: 'no_capacity', message: 'full', retryAfterMs: 5_000 })
    dials.last.fail(4503)
    await clock.advance(4_999)
    expect(dials.all).toHaveLength(1)
    await clock.advance(1)
    expect(dials.all).toHaveLength(2)
    dials.last.open().say({ type: 'fault', code: 'forbidden', message: 'no' })
    dials.last.fail(4403)
    await clock.advance(600_000)
    expect(dials.all).toHaveLength(2)
    expect(states).toEqual(['ended forbidden'])
    expect(clock.pending).toBe(0)
  })

  it('[CLT3] a session.start that the edge cannot read is not sent again', async () => {
    const { clock, dials, states } = await createClientWorld()
    dials.last.open().say({ type: 'fault', code: 'invalid_message', message: 'no', issues: ['audio'] })
    await clock.advance(600_000)
    expect([dials.all.length, dials.last.closedWith, states]).toEqual([1, 1000, ['ended invalid_message']])
  })

  it('[CLT16] a quota that is used up ends the client at once, where a session is refused and where one ends by it', async () => {
    const spent = {
      type: 'fault',
      code: 'quota_exhausted',
      message: 'used up',
      quota: 'tokens',
      retryAfterMs: 3_600_000,
    }
    const refused = await createClientWorld()
    refused.dials.last.open().say(spent)
    await refused.clock.advance(7_200_000)
    expect([refused.dials.all.length, refused.states]).toEqual([1, ['ended quota_exhausted']])
    const { clock, dials, states } = await createLiveWorld()
    dials.last.say({ type: 'session.notice', id: 'm', notice: 'limitNear', detail: 'tokens 100' }).say(spent)
    expect(states.at(-1)).toBe('ready')
    await clock.advance(2_900)
    dials.last.say({ type: 'session.ended', id: 'n', reason: 'fault' })
    await clock.advance(7_200_000)
    expect([dials.all.length, states.at(-1), clock.pending]).toEqual([1, 'ended quota_exhausted', 0])
  })

  it('[CLT3] what the edge asked for minutes ago delays nothing now', async () => {
    const { clock, dials, states } = await createLiveWorld()
    dials.last.say({ type: 'fault', code: 'rate_limited', message: 'slower', retryAfterMs: 30_000 })
    await clock.advance(5_000)
    dials.last.fail()
    await clock.advance(200)
    expect(dials.all).toHaveLength(2)
    expect(states).toEqual(['ready', 'reconnecting'])
  })

  it('[CLT3] a client that gets no ticket tries again, but not when its key is refused', async () => {
    let answers = 0
    const { clock, dials, states } = await createClientWorld({
      credentials: async () => {
        answers++
        if (answers === 1) throw new TypeError('fetch failed')
        throw new FaultError({ code: 'unauthenticated' })
      },
    })
    await clock.advance(60_000)
    expect([answers, dials.all.length, states]).toEqual([2, 0, ['ended unauthenticated']])
  })

  it('[CLT3] an address that cannot be dialled ends the client', async () => {
    const { states } = await createClientWorld({
      openSocket: () => {
        throw new SyntaxError('not a URL')
      },
    })
    expect(states).toEqual(['ended invalid_message'])
  })

  it('[CLT3] a conversation that is in use is asked for again only as long as the client was told to be patient', async () => {
    const { clock, dials, states } = await createClientWorld({ conflictPatienceMs: 3_000 })
    while (states.length === 0) {
      dials.last.open().fail(4409)
      await clock.advanceUntil(() => states.length > 0 || dials.last.readyState === 0)
    }
    expect(dials.all.length).toBeGreaterThan(3)
    expect(states).toEqual(['ended conflict'])
    const hasty = await createClientWorld()
    hasty.dials.last.open().fail(4409)
    expect(hasty.states).toEqual(['ended conflict'])
  })
})

describe('receiving', () => {
  it('[CLT4] messages and audio are handed on once and in order, and acknowledged', async () => {
    const { clock, dials, messages, audio } = await createLiveWorld()
    const pcm = new Uint8Array(Int16Array.of(5, -6).buffer)
    dials.last
      .say(partial(1))
      .say(encodeAudioFrame({ turn: 1, sequence: 2, pcm }))
      .say(partial(3))
      .say(partial(3))
    await clock.advance(200)
    expect(messages.map((message) => ('seq' in message ? message.seq : message.type))).toEqual(['session.ready', 1, 3])
    expect(audio).toEqual([{ turn: 1, samples: [5, -6] }])
    expect(dials.last.messages.at(-1)).toEqual({ type: 'ack', received: 3 })
  })

  it('[CLT5] what cannot be read is reported and dropped; its number counts, so that the call goes on', async () => {
    const { clock, dials, messages, unreadable } = await createLiveWorld()
    dials.last
      .say('{"type":')
      .say({ type: 'of.another.version', seq: 1 })
      .say(partial(2))
      .say(encodeAudioFrame({ turn: 1, sequence: 3, pcm: new Uint8Array(3) }))
      .say(partial(4))
    await clock.advance(1_000)
    expect(unreadable.map(({ code }) => code)).toEqual(['invalid_message', 'invalid_message', 'invalid_message'])
    expect(messages.slice(1)).toEqual([partial(2), partial(4)])
    expect(dials.all).toHaveLength(1)
    expect(dials.last.messages.at(-1)).toEqual({ type: 'ack', received: 4 })
  })

  it('[CLT6] a ping is answered at once, and an edge that is silent is dead after 8 s', async () => {
    const { clock, dials, states } = await createLiveWorld()
    dials.last.say('{"type":"ping"}')
    expect(dials.last.sent.at(-1)).toBe('{"type":"pong"}')
    // With the pong both ends were heard.
    await clock.advance(2_000)
    expect(dials.last.sent.at(-1)).toBe('{"type":"pong"}')
    await clock.advance(2_000)
    expect(dials.last.sent.at(-1)).toBe('{"type":"ping"}')
    dials.last.say('{"type":"pong"}')
    await clock.advance(CALLER_DEAD_AFTER_MS - 1)
    expect(states).toEqual(['ready'])
    await clock.advance(1)
    expect(states).toEqual(['ready', 'reconnecting'])
    expect(dials.all[0]?.closedWith).toBe(4100)
  })
})

describe('ending', () => {
  it('[CLT11] a goodbye is said, its answer awaited, and asked twice it is said once', async () => {
    const { clock, dials, client, states } = await createLiveWorld()
    let ended = 0
    const goodbyes = [client.end(), client.end()].map((goodbye) => goodbye.then(() => ended++))
    await clock.advance(1_000)
    expect(ended).toBe(0)
    expect(dials.last.messages.filter(({ type }) => type === 'session.end')).toHaveLength(1)
    dials.last.say({ type: 'session.ended', id: 'msg_end', reason: 'caller' })
    await Promise.all(goodbyes)
    expect([dials.last.closedWith, states.at(-1), clock.pending]).toEqual([1000, 'ended caller', 0])
  })

  it('[CLT11] an edge that does not answer the goodbye is left after 5 s', async () => {
    const { clock, dials, client, states } = await createLiveWorld()
    let hasEnded = false
    void client.end().then(() => {
      hasEnded = true
    })
    await clock.advance(4_999)
    expect(hasEnded).toBe(false)
    await clock.advance(1)
    expect([hasEnded, dials.last.closedWith, states.at(-1)]).toEqual([true, 1000, 'ended caller'])
  })

  it('[CLT11] a socket that is lost after the goodbye is not dialled again', async () => {
    const { clock, dials, client, states } = await createLiveWorld()
    const goodbye = client.end()
    dials.last.fail()
    await goodbye
    await clock.advance(60_000)
    expect([dials.all.length, states.at(-1), clock.pending]).toEqual([1, 'ended caller', 0])
  })

  it('[CLT11] a client that ends while it dials leaves no socket and no timer', async () => {
    const { clock, dials, client } = await createClientWorld()
    await client.end()
    expect([dials.last.closedWith, clock.pending]).toEqual([1000, 0])
    dials.last.open().say(ready())
    expect(client.sessionId).toBeUndefined()
  })

  it.each([
    ['idle', (end: { say: (frame: object) => unknown }) => end.say({ type: 'session.ended', id: 'm', reason: 'idle' })],
    ['replaced', (end: { fail: (code: number) => unknown }) => end.fail(4101)],
    ['forbidden', (end: { fail: (code: number) => unknown }) => end.fail(4403)],
    ['too_large', (end: { fail: (code: number) => unknown }) => end.fail(1009)],
  ] as const)('[CLT12] a session that the edge ends (%s) is not dialled again', async (reason, end) => {
    const { clock, dials, client, states } = await createLiveWorld()
    end(dials.last)
    await clock.advance(600_000)
    expect([dials.all.length, states.at(-1), clock.pending]).toEqual([1, `ended ${reason}`, 0])
    client.send({ type: 'text.send', text: 'too late' })
    client.sendAudio(new Int16Array(160))
    expect(dials.last.messages.filter(({ type }) => type === 'text.send')).toEqual([])
  })

  it('[CLT13] more than the link keeps ends the client, with the fault', async () => {
    const world = await createLiveWorld()
    const { clock, client, dials, states } = world
    dials.last.fail()
    client.sendAudio(new Int16Array(320))
    for (let n = 0; n < 70; n++) {
      await clock.advance(1_000)
      if (dials.last.readyState === 0) dials.last.fail()
      client.sendAudio(new Int16Array(320))
    }
    expect(states.at(-1)).toBe('ended too_large')
    expect(clock.pending).toBe(0)
  })
})
