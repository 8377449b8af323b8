// A session at the node over real sockets: begin, both directions, resume, end, faults and bugs.
import { afterEach, describe, expect, it } from 'vitest'
import { encodeAudioFrame } from '#shared/protocol/audio-frame.ts'
import { pcmToBytes } from '#shared/audio/pcm.ts'
import type { Joined, NodeWorld, WorldOptions } from '#tests/gpu-node/node-world.ts'
import { offer, sessionBegin, startNodeWorld, TOKEN } from '#tests/gpu-node/node-world.ts'

const worlds: NodeWorld[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
})
async function start(options?: WorldOptions): Promise<NodeWorld> {
  const world = await startNodeWorld(options)
  worlds.push(world)
  return world
}
async function join(options?: WorldOptions): Promise<NodeWorld & Joined> {
  const world = await start(options)
  const joined = await world.open(await world.welcome())
  await joined.data.next('session.begun')
  return { ...world, ...joined }
}
const pcm = (...samples: number[]): Int16Array => Int16Array.from(samples)
const frame = (sequence: number, ...samples: number[]): Uint8Array =>
  encodeAudioFrame({ turn: 0, sequence, pcm: pcmToBytes(pcm(...samples)) })

describe('node session', () => {
  it('[NSE4] the data socket is dialled with the single-use ticket, and the session is begun with its engines named', async () => {
    const world = await start()
    const control = await world.welcome()
    const begin = sessionBegin({ nextTurn: 7 })
    const data = await offer(world.edge, control, begin)
    expect(data).toMatchObject({
      path: `/node/session/${begin.sessionId}`,
      authorization: `Bearer ${TOKEN}`,
      offered: { protocols: ['parley.session.v1'], ticket: 'tkt_1', resumeToken: undefined },
    })
    data.send(begin)
    const begun = await data.next('session.begun')
    expect(begun.engines.map(({ name }) => name)).toEqual(['quiet-vad', 'quiet-stt', 'quiet-llm', 'quiet-tts'])
  })

  it('[NSE5] turns get the persona, the options and the conversation of session.begin', async () => {
    const { turns, begin } = await join()
    const { persona, language, ttsMode, options, nextTurn } = begin
    expect(turns.options).toMatchObject({ persona, language, ttsMode, options, nextTurn, turns: [] })
    expect(turns.options).toMatchObject({ inputRate: 16_000, outputRate: 24_000 })
  })

  it('[NSE6] audio and messages of the caller reach the turns in order, without their numbers, and are acknowledged', async () => {
    const { data, turns } = await join()
    data.send(frame(1, 1, -2))
    data.send({ type: 'text.send', seq: 2, text: 'hello' })
    data.send(frame(3, 3))
    expect(await turns.nextAudio()).toEqual(pcm(1, -2))
    expect(await turns.nextReceived()).toEqual({ type: 'text.send', text: 'hello' })
    expect(await turns.nextAudio()).toEqual(pcm(3))
    expect(await data.next('ack')).toEqual({ type: 'ack', received: 3 })
  })

  it('[NSE7] what the turns say goes out numbered from nextSeq, text and audio alike', async () => {
    const world = await start()
    const { data, turns } = await world.open(await world.welcome(), { nextSeq: 41 })
    turns.sink.send({ type: 'reply.started', turnId: 'trn_one', turn: 1 })
    turns.sink.audio(1, pcm(5, 6))
    turns.sink.send({ type: 'reply.text', turnId: 'trn_one', text: 'Hi.', startSample: 0 })
    expect(await data.next('reply.started')).toMatchObject({ seq: 41 })
    expect(await data.next('reply.text')).toMatchObject({ seq: 43 })
    expect(await data.nextAudio()).toEqual({ turn: 1, sequence: 42, pcm: new Uint8Array([5, 0, 6, 0]) })
  })

  it('[NSE8] after a loss the node resumes with its token, tells what it has, and sends again exactly what is missing', async () => {
    const { edge, data, turns } = await join()
    edge.acknowledges = false
    data.send({ type: 'text.send', seq: 1, text: 'a' })
    await turns.nextReceived()
    turns.sink.send({ type: 'reply.started', turnId: 'trn_one', turn: 1 })
    turns.sink.audio(1, pcm(1))
    await data.nextAudio()
    data.cut()
    turns.sink.audio(1, pcm(2))
    const again = await edge.nextData()
    expect(again.offered).toMatchObject({ resumeToken: 'resume_1', ticket: undefined })
    expect(again.query.get('received')).toBe('1')
    again.send({ type: 'session.resumed', received: 1, resumeToken: 'resume_2' })
    expect([(await again.nextAudio()).sequence, (await again.nextAudio()).sequence]).toEqual([2, 3])
    expect(again.messages).toEqual([])
    // A duplicate is not acted on; a new message is.
    again.send({ type: 'text.send', seq: 1, text: 'a' })
    again.send({ type: 'text.send', seq: 2, text: 'b' })
    expect(await turns.nextReceived()).toEqual({ type: 'text.send', text: 'b' })
    expect(turns.received).toHaveLength(2)
    again.cut()
    expect((await edge.nextData()).offered.resumeToken).toBe('resume_2')
  })

  it('[NSE9] a gap in the numbers makes the node dial again, so that nothing is lost', async () => {
    const { edge, data, turns } = await join()
    data.send({ type: 'text.send', seq: 1, text: 'a' })
    data.send({ type: 'text.send', seq: 3, text: 'c' })
    const again = await edge.nextData()
    expect(again.query.get('received')).toBe('1')
    again.send({ type: 'session.resumed', received: 0, resumeToken: 'resume_2' })
    for (const [seq, text] of [
      [2, 'b'],
      [3, 'c'],
    ])
      again.send({ type: 'text.send', seq, text })
    for (const text of ['a', 'b', 'c']) expect(await turns.nextReceived()).toEqual({ type: 'text.send', text })
  })

  it.each<[string, string, object | string | Uint8Array]>([
    ['no JSON', 'invalid_message', '{'],
    ['an unknown type', 'invalid_message', { type: 'text.sing', seq: 1 }],
    ['a text of blanks', 'invalid_message', { type: 'text.send', seq: 1, text: ' \n' }],
    ['a text over the limit', 'too_large', { type: 'text.send', seq: 1, text: 'x'.repeat(1_001) }],
    ['audio of an odd length', 'invalid_message', new Uint8Array([1, 0, 0, 0, 1, 0, 0, 0, 9])],
    ['audio without samples', 'invalid_message', new Uint8Array([1, 0, 0, 0, 1, 0, 0, 0])],
    ['audio over the limit', 'too_large', frame(1, ...new Int16Array(3_201))],
  ])(
    '[NSE10] %s is answered with the fault %s, uses up its number, and the session goes on',
    async (_name, code, unreadable) => {
      const { data, turns } = await join()
      data.send(unreadable)
      expect(await data.next('fault')).toMatchObject({ code, seq: 1 })
      data.send({ type: 'text.send', seq: unreadable === '{' ? 1 : 2, text: 'hello' })
      expect(await turns.nextReceived()).toEqual({ type: 'text.send', text: 'hello' })
    },
  )

  it('[NSE11] a number that the edge used up for a message it could not read leaves no gap', async () => {
    const { data, turns } = await join()
    data.send({ type: 'message.skipped', seq: 1 })
    data.send({ type: 'text.send', seq: 2, text: 'hello' })
    expect(await turns.nextReceived()).toEqual({ type: 'text.send', text: 'hello' })
  })

  it('[NSE12] at session.end the turns end, their last messages are sent and acknowledged, and then the socket is closed', async () => {
    const { edge, control, data, turns } = await join()
    edge.acknowledges = false
    turns.onEnd = () => {
      turns.sink.send({ type: 'reply.started', turnId: 'trn_one', turn: 1 })
    }
    data.send({ type: 'session.end', reason: 'caller' })
    expect(await turns.ended).toBe('caller')
    const last = await data.next('reply.started')
    let isClosed = false
    void data.closed.then(() => (isClosed = true))
    control.send({ type: 'request', id: 'a', method: 'status', deadlineMs: 1_000 })
    expect(await control.next('response')).toMatchObject({ result: { freeSlots: 1 } })
    expect(isClosed).toBe(false)
    data.send({ type: 'ack', received: last.seq })
    expect((await data.closed).code).toBe(1000)
    control.send({ type: 'request', id: 'b', method: 'status', deadlineMs: 1_000 })
    expect(await control.next('response')).toMatchObject({ result: { freeSlots: 2 } })
  })

  it('[NSE13] a bug in a turn ends its session with session.failed, and the node goes on', async () => {
    const world = await join()
    const { control, data, turns } = world
    turns.onReceive = () => {
      throw new Error('a bug')
    }
    data.send({ type: 'text.send', seq: 1, text: 'hello' })
    expect(await data.next('session.failed')).toEqual({ type: 'session.failed', code: 'internal' })
    expect(await turns.ended).toBe('fault')
    await data.closed
    const next = await world.open(control)
    await next.data.next('session.begun')
  })

  it('[NSE19] a bug while the end is being made still closes the socket and frees the slot', async () => {
    const { control, data, turns } = await join()
    turns.end = () => {
      throw new Error('a bug')
    }
    data.send({ type: 'session.end', reason: 'caller' })
    expect(await data.next('session.failed')).toEqual({ type: 'session.failed', code: 'internal' })
    await data.closed
    while ((await control.next('node.status')).freeSlots < 2);
  })

  it('[NSE19] and so does one in a turn whose end has a bug, too, when its time is over', async () => {
    const { control, data, turns } = await join()
    turns.onReceive = turns.end = () => {
      throw new Error('a bug')
    }
    data.send({ type: 'text.send', seq: 1, text: 'hello' })
    expect(await data.next('session.failed')).toEqual({ type: 'session.failed', code: 'internal' })
    await data.closed
    while ((await control.next('node.status')).freeSlots < 2);
  })

  it('[NSE13] turns that cannot be made end their session with session.failed', async () => {
    const world = await start({
      createTurns: () => {
        throw new Error('a bug')
      },
    })
    const control = await world.welcome()
    const begin = sessionBegin()
    const data = await offer(world.edge, control, begin)
    data.send(begin)
    expect(await data.next('session.failed')).toEqual({ type: 'session.failed', code: 'internal' })
    await data.closed
    while ((await control.next('node.status')).freeSlots < 2);
  })

  it('[NSE14] a link whose far end acknowledges nothing ends its session with a fault that says so, never silently', async () => {
    const { edge, data, turns } = await join()
    edge.acknowledges = false
    // 11 MiB of audio, over the 10 MiB that a link keeps.
    const frames = (11 * 1024 * 1024) / 9_600
    for (let i = 0; i < frames; i++) turns.sink.audio(1, new Int16Array(4_800))
    expect(await data.next('session.failed')).toEqual({ type: 'session.failed', code: 'too_large' })
    expect(await turns.ended).toBe('fault')
  })

  it('[NSE15] a session whose data socket the edge refuses for good is ended and its slot is free', async () => {
    const { edge, control, data, turns } = await join()
    edge.refuse = (path) => (path === '/node/control' ? undefined : { status: 404 })
    data.cut()
    expect(await turns.ended).toBe('nodeLost')
    while ((await control.next('node.status')).freeSlots < 2);
  })

  it('[NSE16] a session.begin of another epoch than the offer is refused', async () => {
    const world = await start()
    const control = await world.welcome()
    const begin = sessionBegin({ epoch: 2 })
    const data = await offer(world.edge, control, begin)
    data.send({ ...begin, epoch: 1 })
    expect(await data.next('session.failed')).toEqual({ type: 'session.failed', code: 'stale_epoch' })
  })

  it('[NSE17] a session that is placed on its own node again takes over the slot', async () => {
    const world = await start({ environment: { SLOTS: '1' } })
    const control = await world.welcome()
    const first = await world.open(control)
    await first.data.next('session.begun')
    const second = await world.open(control, { ...first.begin, epoch: 2, nextSeq: 5 })
    await second.data.next('session.begun')
    expect(await first.turns.ended).toBe('replaced')
  })

  it('[NSE18] an edge that is silent for two seconds in a call is dialled again', async () => {
    const { edge, data } = await join()
    edge.answersPings = false
    await data.closed
    edge.answersPings = true
    expect((await edge.nextData()).offered.resumeToken).toBe('resume_1')
  })
})
