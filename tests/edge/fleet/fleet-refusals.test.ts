// Why nobody takes a caller, as the fleet knows it: from a node's status, and from what a node says when it declines.
import { describe, expect, it } from 'vitest'
import type { SessionId } from '#shared/ids.ts'
import { FakeWorld, type End } from '#tests/edge/rooms-world.ts'

const session = (name: string): SessionId => `ses_${name}`
const offer = (name: string) => ({ sessionId: session(name), epoch: 1, ticket: 't', expiresAt: 0 })
const status = (end: End, facts: object): void =>
  end.say({ type: 'node.status', slots: 2, freeSlots: 0, sessions: [], engines: [], vram: null, ...facts })

describe('a fleet that takes nobody', () => {
  it('[ADM5] says what a node with free slots refuses for, as long as it does', async () => {
    const world = new FakeWorld()
    const node = world.control('nod_a', 2)
    status(node, { refusing: 'vram' })
    await expect(world.rooms.fleet.place(offer('one'))).rejects.toMatchObject({
      fault: { code: 'no_capacity', retryAfterMs: 3_000, reason: 'vram' },
    })
    status(node, { freeSlots: 2, refusing: null })
    const placed = world.rooms.fleet.place(offer('two'))
    node.say({ type: 'offer.accepted', sessionId: session('two'), epoch: 1 })
    await expect(placed).resolves.toBe('nod_a')
  })

  it('[ADM5] says what the last node that declined said', async () => {
    const world = new FakeWorld()
    const [a, b] = [world.control('nod_a', 2), world.control('nod_b', 1)]
    const placed = world.rooms.fleet.place(offer('one'))
    a.say({ type: 'offer.declined', sessionId: session('one'), epoch: 1, code: 'no_capacity', reason: 'llmQueue' })
    b.say({ type: 'offer.declined', sessionId: session('one'), epoch: 1, code: 'stale_epoch' })
    await expect(placed).rejects.toMatchObject({ fault: { reason: 'llmQueue' } })
  })

  it('[ADM5] says no reason where the slots are in use', async () => {
    const world = new FakeWorld()
    status(world.control('nod_a', 2), { sessions: [session('aaa'), session('bbb')], refusing: 'kvCache' })
    const fault = { code: 'no_capacity', retryAfterMs: 3_000 }
    await expect(world.rooms.fleet.place(offer('one'))).rejects.toHaveProperty('fault', fault)
  })
})
