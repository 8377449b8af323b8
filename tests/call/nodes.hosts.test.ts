// Several GPU nodes behind one edge: who gets which caller, what happens when all are busy, when one stops and when one dies.
import { describe, expect, vi } from 'vitest'
import { it } from './call-test.ts'
import type { NodeDescription, WorldNode } from './call-world.ts'

const LONG = 'One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen.'
const talking: NodeDescription = {
  slots: 1,
  stt: { utterances: ['tell me', 'and now'] },
  llm: { replies: [({ messages }) => (messages.at(-1)?.content === 'tell me' ? LONG : 'Yes.')] },
  tts: { msPerChar: 100 },
}
const turnsOf = ({ engines }: WorldNode): number => engines.llm.calls.length

/** The node that answered, and the one that did not. */
function servingOf(nodes: WorldNode[]): { serving: WorldNode; other: WorldNode } {
  const [serving] = nodes.filter((node) => turnsOf(node) > 0)
  const [other] = nodes.filter((node) => node !== serving)
  if (!serving || !other) throw new Error('exactly one of two nodes should have answered')
  return { serving, other }
}

describe.concurrent('several nodes', () => {
  it('[CAL9] share the callers by their free slots', async ({ start }) => {
    const world = await start({ nodes: [{}, {}] })
    for (let turns = 1; turns <= 4; turns += 1) {
      const caller = await world.caller()
      await caller.ready()
      caller.write('hello')
      await caller.next('reply.done')
      expect(world.nodes.map(turnsOf).toSorted((a, b) => a - b)).toEqual([Math.floor(turns / 2), Math.ceil(turns / 2)])
    }
  })

  it('[CAL10] are full one day: the next caller hears when to come again, and gets in by himself', async ({
    start,
  }) => {
    const world = await start({ nodes: [{ slots: 1 }, { slots: 1 }] })
    const [first, second] = [await world.caller(), await world.caller()]
    await Promise.all([first.ready(), second.ready()])
    const third = await world.caller()
    const fault = await third.next('fault')
    expect(fault).toMatchObject({ code: 'no_capacity', retryAfterMs: expect.any(Number) })
    expect(fault.retryAfterMs).toBeGreaterThan(0)
    await first.client.end()
    await third.ready()
    third.write('hello')
    expect(await third.next('reply.done')).toMatchObject({ status: 'complete' })
    second.write('hello')
    expect(await second.next('reply.done')).toMatchObject({ status: 'complete' })
  })

  it.for([
    { how: 'dies', fail: ({ wires }: WorldNode) => wires.down() },
    { how: 'falls silent', fail: ({ wires }: WorldNode) => wires.freeze() },
  ])(
    '[CAL11] when one $how, its caller hears of it, what he heard is kept, and he goes on with the other',
    { timeout: 60_000 },
    async ({ fail }, { start }) => {
      const world = await start({ nodes: [talking, talking] })
      const caller = await world.caller()
      const { conversationId } = await caller.ready()
      caller.ask()
      await vi.waitFor(() => expect(caller.speaker.playedSamples()).toBeGreaterThan(24_000), { timeout: 10_000 })
      const { serving, other } = servingOf(world.nodes)
      fail(serving)
      expect(await caller.next('fault')).toMatchObject({ code: 'node_lost' })
      expect(await caller.next('session.ended')).toMatchObject({ reason: 'nodeLost' })
      expect((await caller.ready()).conversationId).toBe(conversationId)
      caller.write('and now')
      expect(await caller.next('reply.done')).toMatchObject({ status: 'complete', replyText: 'Yes.' })
      const prompt = JSON.stringify(other.engines.llm.calls[0]?.options.messages)
      const [cut] = (await world.conversation(conversationId)).turns
      expect(cut).toMatchObject({ status: 'cut', utteranceText: 'tell me', heardText: expect.stringMatching(/^One/) })
      expect(LONG.startsWith(cut?.heardText ?? '-')).toBe(true)
      expect(cut?.heardText.length).toBeLessThan(LONG.length)
      expect(LONG.startsWith(cut?.replyText ?? '-')).toBe(true)
      expect(prompt).toContain(cut?.heardText)
    },
  )

  it('[CAL12] when one is stopped it finishes its reply, says so, and the caller goes on with the other', async ({
    start,
  }) => {
    const short = { ...talking, tts: { msPerChar: 15 } }
    const world = await start({ nodes: [short, short] })
    const caller = await world.caller()
    const { conversationId } = await caller.ready()
    caller.ask()
    await caller.next('reply.text')
    const { serving } = servingOf(world.nodes)
    const stopped = world.stopNode(serving, new AbortController().signal)
    expect(await caller.next('session.notice')).toMatchObject({ notice: 'draining' })
    expect(await caller.next('reply.done')).toMatchObject({ status: 'complete', heardText: LONG })
    expect(await caller.next('session.ended')).toMatchObject({ reason: 'shutdown' })
    expect(caller.of('fault')).toEqual([])
    expect((await caller.ready()).conversationId).toBe(conversationId)
    caller.write('and now')
    expect(await caller.next('reply.done')).toMatchObject({ status: 'complete', replyText: 'Yes.' })
    await stopped
    await vi.waitFor(
      async () => {
        const { turns } = await world.conversation(conversationId)
        expect(turns.map(({ status }) => status)).toEqual(['complete', 'complete'])
      },
      { timeout: 10_000 },
    )
  })
})
