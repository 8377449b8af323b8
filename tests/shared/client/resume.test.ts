import { expect, it } from 'vitest'
import {
  createClientWorld,
  createLiveWorld,
  loseSocket,
  partial,
  ready,
  resumed,
  type ClientWorld,
} from './client-world.ts'

it('[CLT7] a lost socket is resumed with the token and what was received; each side sends what the other lacks', async () => {
  const world = await createLiveWorld()
  const { dials, client, states, messages } = world
  client.send({ type: 'text.send', text: 'one' })
  client.send({ type: 'text.send', text: 'two' })
  dials.last.say(partial(1))
  const second = await loseSocket(world)
  expect(second.url.search).toBe('?session=ses_call1&received=1')
  expect(second.protocols).toEqual(['parley.chat.v1', 'parley.resume.token1'])
  client.send({ type: 'text.send', text: 'three' })
  second.open()
  expect(second.messages).toEqual([])
  second.say(resumed(1, 'token2')).say(partial(2))
  expect(second.messages.map(({ text, seq }) => [seq, text])).toEqual([
    [2, 'two'],
    [3, 'three'],
  ])
  expect(messages.at(-1)).toEqual(partial(2))
  expect(states).toEqual(['ready', 'reconnecting', 'ready'])
})

it('[CLT7] each resume brings a new token, which the next one shows', async () => {
  const world = await createLiveWorld()
  for (let n = 2; n <= 4; n++) {
    const socket = await loseSocket(world)
    socket.open().say(resumed(0, `token${n}`))
  }
  expect(world.dials.all.map(({ resumeToken }) => resumeToken)).toEqual([undefined, 'token1', 'token2', 'token3'])
})

it('[CLT7] a number that is missing is fetched by resuming', async () => {
  const { clock, dials, messages } = await createLiveWorld()
  dials.last.say(partial(1)).say(partial(3))
  expect(dials.last.closedWith).toBe(4100)
  await clock.advance(200)
  expect(dials.last.url.searchParams.get('received')).toBe('1')
  dials.last.open().say(resumed(0, 'token2')).say(partial(2)).say(partial(3))
  expect(messages.filter(({ type }) => type === 'transcript.partial')).toEqual([partial(1), partial(2), partial(3)])
})

it('[CLT8] a session that is gone is followed by a new one of the same conversation, which is given what was never sent', async () => {
  const world = await createLiveWorld({ start: { language: 'zh' } })
  const { clock, client, dials, states } = world
  client.send({ type: 'text.send', text: 'sent before' })
  const second = await loseSocket(world)
  client.send({ type: 'text.send', text: 'written meanwhile' })
  client.send({ type: 'playback.progress', turnId: 'trn_one', playedSamples: 5 })
  second.open().fail(4404)
  await clock.advance(200)
  dials.last.open()
  expect(dials.last.messages).toEqual([{ type: 'session.start', language: 'zh', conversationId: 'cnv_talk1' }])
  dials.last.say(ready(2)).say(partial(1))
  expect(dials.last.messages.slice(1)).toEqual([{ type: 'text.send', text: 'written meanwhile', seq: 1 }])
  expect(client.sessionId).toBe('ses_call2')
  expect(states).toEqual(['ready', 'reconnecting', 'ready'])
  await clock.advance(200)
  expect(dials.last.messages.at(-1)).toEqual({ type: 'ack', received: 1 })
})

it('[CLT8] words that a session was given are not given to the next one again', async () => {
  const beginning = await createClientWorld()
  beginning.client.send({ type: 'text.send', text: 'before the first session' })
  beginning.dials.last.open().say(ready())
  expect(await sentToTheNext(beginning)).toEqual(['session.start'])

  const resuming = await createLiveWorld()
  const second = await loseSocket(resuming)
  resuming.client.send({ type: 'text.send', text: 'before the session was resumed' })
  second.open().say(resumed(0, 'token2'))
  expect(await sentToTheNext(resuming)).toEqual(['session.start'])
})

/** Loses the session of a live client and tells what the one after it is sent. */
async function sentToTheNext(world: ClientWorld): Promise<string[]> {
  const socket = await loseSocket(world)
  socket.open().fail(4404)
  await world.clock.advance(200)
  world.dials.last.open().say(ready(2))
  return world.dials.last.messages.map(({ type }) => type)
}

it('[CLT9] a resume that a browser sees fail three times gives way to a new session', async () => {
  const world = await createLiveWorld()
  const { dials } = world
  for (let n = 0; n < 3; n++) await loseSocket(world)
  expect(dials.all.map(({ url }) => url.search !== '')).toEqual([false, true, true, true])
  await loseSocket(world, 500)
  expect(dials.last.url.search).toBe('')
  dials.last.open().say(ready(2))
  expect(world.client.sessionId).toBe('ses_call2')
})

it('[CLT9] a network that is down for a minute costs no session', async () => {
  const world = await createLiveWorld()
  const { clock, dials, client, states } = world
  client.send({ type: 'text.send', text: 'one' })
  const upAt = clock.now() + 60_000
  dials.last.fail()
  while (clock.now() < upAt) {
    await clock.advanceUntil(() => dials.last.readyState === 0)
    if (clock.now() < upAt) dials.last.fail()
  }
  while (dials.last.resumeToken === undefined) {
    // The edge says that the session lives on.
    dials.last.open().fail(4409)
    await clock.advanceUntil(() => dials.last.readyState === 0)
  }
  dials.last.open().say(resumed(0, 'token2'))
  expect(dials.last.resumeToken).toBe('token1')
  expect(dials.last.messages).toEqual([{ type: 'text.send', text: 'one', seq: 1 }])
  expect([client.sessionId, states]).toEqual(['ses_call1', ['ready', 'reconnecting', 'ready']])
})

it('[CLT9] after the time in which a session can be resumed only a new one is dialled', async () => {
  const world = await createLiveWorld()
  const { clock, dials } = world
  const overAt = clock.now() + 121_000
  dials.last.fail()
  while (clock.now() <= overAt) {
    await clock.advanceUntil(() => dials.last.readyState === 0)
    dials.last.fail()
  }
  for (let n = 0; n < 5; n++) {
    await clock.advanceUntil(() => dials.last.readyState === 0)
    expect(dials.last.resumeToken).toBeUndefined()
    dials.last.fail()
  }
})

it('[CLT10] an edge that opens the socket and then says nothing is left for another try', async () => {
  const { clock, dials } = await createClientWorld()
  dials.last.open()
  for (let n = 0; n < 8; n++) {
    await clock.advance(4_000)
    dials.all[0]?.say('{"type":"pong"}')
  }
  expect(dials.all.length).toBeGreaterThan(1)
  expect(dials.all[0]?.closedWith).toBe(4100)
})

it('[CLT10] a dial that comes to nothing is given up after 10 s', async () => {
  const { clock, dials } = await createClientWorld()
  await clock.advance(10_000)
  expect(dials.all[0]?.closedWith).toBe(4100)
  await clock.advance(200)
  expect(dials.all).toHaveLength(2)
})
