// The caller ends the call: what was heard is kept, and everything that the call had is free again.
import { describe, expect, vi } from 'vitest'
import { it } from './call-test.ts'

const LONG = 'One two three four five six seven eight nine ten eleven twelve.'

describe.concurrent('the end of a call', () => {
  it('[CAL22] a goodbye in the middle of a reply keeps what was heard and frees the slot', async ({ start }) => {
    const world = await start({ nodes: [{ slots: 1, llm: { replies: [LONG] }, tts: { msPerChar: 60 } }] })
    const caller = await world.caller()
    const { conversationId } = await caller.ready()
    caller.ask()
    await vi.waitFor(() => expect(caller.speaker.playedSamples()).toBeGreaterThan(16_000), { timeout: 10_000 })
    await caller.client.end()
    const [done] = caller.of('reply.done')
    expect(done).toMatchObject({ status: 'interrupted', heardText: expect.stringMatching(/^One/) })
    expect(done?.heardText.length).toBeLessThan(LONG.length)
    expect(caller.of('session.ended')).toMatchObject([{ reason: 'caller' }])
    expect(caller.states.all.map(({ type, detail }) => [type, detail])).toEqual([
      ['ready', undefined],
      ['ended', 'caller'],
    ])
    await vi.waitFor(
      async () => {
        const { turns } = await world.conversation(conversationId)
        expect(turns).toMatchObject([{ status: 'interrupted', heardText: done?.heardText }])
        const metrics = await world.metrics()
        expect(metrics).toMatch(/^parley_slots_free 1$/m)
        expect(metrics).toMatch(/^parley_sessions_live 0$/m)
        expect(metrics).toMatch(/^parley_sessions_ended_total\{reason="caller"\} 1$/m)
      },
      { timeout: 10_000 },
    )
    expect(world.nodes[0]?.engines.tts.calls.every(({ options }) => options.signal.aborted)).toBe(true)
    expect(world.nodes[0]?.wires.open('/node/session')).toBe(0)
  })

  it('[CAL22] a client that goes away without a word before its session is ready leaves nothing behind', async ({
    start,
  }) => {
    const world = await start({ nodes: [{ slots: 1 }] })
    for (const _ of [1, 2, 3]) {
      const caller = await world.caller()
      await vi.waitFor(() => expect(world.wires.open('/ws/chat')).toBe(1), { interval: 1, timeout: 10_000 })
      world.wires.cut('/ws/chat')
      caller.close()
    }
    const caller = await world.caller()
    await caller.ready()
    caller.write('hello')
    expect(await caller.next('reply.done')).toMatchObject({ status: 'complete' })
  })
})
