// Caller ↔ edge ↔ node over real sockets: what is said passes both ways, once and in order, whatever becomes of a socket.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'
import { worldsOfFile, type World } from '#tests/edge/sockets-world.ts'

const startWorld = worldsOfFile()
let world: World
beforeEach(async () => {
  world = await startWorld()
})
afterEach(() => world.close())

const frame = (value: number): Uint8Array => new Uint8Array(new Int16Array(320).fill(value).buffer)
const sampleOf = (pcm: Uint8Array): number | undefined => new Int16Array(pcm.slice().buffer)[0]
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)

async function until(isTrue: () => boolean): Promise<void> {
  for (const stopAt = Date.now() + 10_000; !isTrue();) {
    if (Date.now() > stopAt) throw new Error('it did not come')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('relay', () => {
  it('[REL1] carries messages and audio both ways, each once, in order and unchanged', async () => {
    const node = await world.node()
    const caller = await world.caller()
    await caller.start()
    for (const value of upTo(20)) caller.link.sendAudio(0, frame(value))
    caller.link.sendMessage({ type: 'text.send', text: 'hello' })
    const done = await caller.heard.next('reply.done')
    expect(done.replyText).toBe('You said hello.')
    expect(caller.audio.map(sampleOf)).toEqual(upTo(20))
    expect([...node.sessions.values()].flatMap(({ audio }) => audio.map(sampleOf))).toEqual(upTo(20))
  })

  it('[REL2] a caller who loses his socket in the middle loses and repeats nothing', async () => {
    const node = await world.node()
    const caller = await world.caller()
    const { resumeToken } = await caller.start()
    const session = await node.session()
    for (const value of upTo(10)) caller.link.sendAudio(0, frame(value))
    caller.cut()
    for (const value of upTo(10)) caller.link.sendAudio(0, frame(10 + value))
    await caller.resume()
    expect(caller.resumeToken).not.toBe(resumeToken)
    for (const value of upTo(10)) caller.link.sendAudio(0, frame(20 + value))
    await until(() => caller.audio.length >= 30)
    expect(caller.audio.map(sampleOf)).toEqual(upTo(30))
    expect(session.audio.map(sampleOf)).toEqual(upTo(30))
  })

  it('[REL3] a node that loses its data socket dials again, and nothing is lost or repeated', async () => {
    const node = await world.node()
    const caller = await world.caller()
    await caller.start()
    const session = await node.session()
    for (const value of upTo(10)) caller.link.sendAudio(0, frame(value))
    await until(() => session.audio.length >= 3)
    session.cut()
    for (const value of upTo(10)) caller.link.sendAudio(0, frame(10 + value))
    await session.redial()
    await session.redial()
    await until(() => caller.audio.length >= 20)
    expect(caller.audio.map(sampleOf)).toEqual(upTo(20))
    expect(session.audio.map(sampleOf)).toEqual(upTo(20))
    expect(caller.heard.types()).not.toContain('fault')
  })

  it('[REL4] two nodes share the callers, and a third caller of two slots is told no_capacity', async () => {
    const nodes = [await world.node({ slots: 1 }), await world.node({ slots: 1 })]
    const callers = [await world.caller(), await world.caller()]
    await Promise.all(callers.map((caller) => caller.start()))
    expect(nodes.map(({ sessions }) => sessions.size)).toEqual([1, 1])
    await Promise.all(
      callers.map(async (caller, i) => {
        caller.link.sendMessage({ type: 'text.send', text: `caller ${i}` })
        expect((await caller.heard.next('reply.done')).replyText).toBe(`You said caller ${i}.`)
      }),
    )
    const late = await world.caller()
    late.sendRaw('{"type":"session.start"}')
    expect(await late.heard.next('fault')).toMatchObject({ code: 'no_capacity', retryAfterMs: 3_000 })
    expect(await late.closed()).toBe(4503)
  })

  it('[REL5] a call that ends frees its slot for the next', async () => {
    await world.node({ slots: 1 })
    const first = await world.caller()
    const { conversationId } = await first.start()
    first.sendRaw('{"type":"session.end"}')
    expect(await first.heard.next('session.ended')).toMatchObject({ reason: 'caller' })
    expect(await first.closed()).toBe(1000)
    const second = await world.caller()
    expect((await second.start({ conversationId })).conversationId).toBe(conversationId)
  })

  it('[REL6] when its node dies the caller hears node_lost within 8 s and his socket is closed with 4502', async () => {
    await world.close()
    const clock = createVirtualClock()
    world = await startWorld(clock)
    const node = await world.node()
    const caller = await world.caller()
    await caller.start()
    const closed = caller.closed()
    node.die()
    await world.socketsAtMost(1)
    await clock.advance(8_000)
    expect(await caller.heard.next('fault')).toMatchObject({ code: 'node_lost' })
    expect(await caller.heard.next('session.ended')).toMatchObject({ reason: 'nodeLost' })
    expect(await closed).toBe(4502)
  })
})
