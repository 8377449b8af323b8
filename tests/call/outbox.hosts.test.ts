// A node that is cut off from the edge while turns end: its outbox delivers them when it is back, each once. On both hosts.
import { describe, expect } from 'vitest'
import { it } from './call-test.ts'

describe('the outbox of a node', () => {
  it('[WRK7] delivers what ended while the control socket was away, once and in order', async ({ start }) => {
    const world = await start({ nodes: [{ llm: { replies: ['One.', 'Two.', 'Three.'] } }] })
    const caller = await world.caller()
    await caller.ready()
    const wires = world.nodes[0]?.wires
    for (const text of ['first', 'second', 'third']) {
      // The data socket lives on: the caller hears nothing of it.
      expect(wires?.cut('/node/control')).toBeGreaterThanOrEqual(0)
      caller.write(text)
      expect(await caller.next('reply.done')).toMatchObject({ status: 'complete' })
    }
    const { conversationId } = caller.client
    const turns = async () => (await world.conversation(conversationId ?? 'cnv_none')).turns
    await expect.poll(async () => (await turns()).length, { timeout: 20_000, interval: 100 }).toBe(3)
    expect((await turns()).map(({ utteranceText, status }) => [utteranceText, status])).toEqual([
      ['first', 'complete'],
      ['second', 'complete'],
      ['third', 'complete'],
    ])
    expect(caller.of('session.ready')).toHaveLength(1)
  })
})
