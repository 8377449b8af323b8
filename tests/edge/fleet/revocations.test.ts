// A node whose token is revoked while it is connected, in virtual time over all rooms of an edge.
import { describe, expect, it } from 'vitest'
import { LOOK_EVERY_MS, watchRevocations } from '#edge/runtime/node/revocations.ts'
import { FAULT_TABLE } from '#shared/fault-table.ts'
import { silentLog } from '#shared/log.ts'
import { FAREWELL_MS } from '#edge/session/session-state.ts'
import { CALLER, FakeWorld } from '#tests/edge/rooms-world.ts'

describe('a revoked node', () => {
  it('[SEC15] is turned away for good within 3 s and gets no offer any more; other nodes stay', async () => {
    const world = new FakeWorld()
    const { clock, store, rooms } = world
    const revoked = await store.nodes.addNode({ name: 'one', now: 0 })
    const valid = await store.nodes.addNode({ name: 'two', now: 0 })
    const [odd, good] = [world.control(revoked.nodeId, 9), world.control(valid.nodeId, 1)]
    const stop = watchRevocations({ clock, log: silentLog, store, fleet: rooms.fleet, sessions: rooms.sessions })
    await clock.advance(LOOK_EVERY_MS)
    expect((await rooms.fleet.nodes()).length).toBe(2)
    await store.nodes.revokeNode(revoked.nodeId, clock.now())
    await clock.advance(LOOK_EVERY_MS)
    expect(odd.socket.closedWith).toBe(FAULT_TABLE.unauthenticated.close)
    expect((await rooms.fleet.nodes()).map(({ nodeId }) => nodeId)).toEqual([valid.nodeId])
    const caller = await world.caller()
    caller.say({ type: 'session.start' })
    await world.until(() => good.socket.types.includes('session.offer'))
    expect(odd.socket.types).not.toContain('session.offer')
    stop()
    odd.vanish()
  })
})

describe('a key that ends while it talks', () => {
  it.each([true, false])('[SEC18] ends its own session within 5 s and says why, and no other: %s', async (isOwn) => {
    const world = new FakeWorld()
    const { clock, store, rooms } = world
    const { caller } = await world.live()
    const { keyId } = CALLER
    const endedAt = clock.now() + 1
    const ended = async (since: number, now: number) => (since < endedAt && now >= endedAt ? [keyId] : [])
    const keys = { ...store.keys, endedKeys: isOwn ? ended : async () => ['key_other' as const] }
    const stop = watchRevocations({ ...rooms, clock, log: silentLog, store: { ...store, keys } })
    await clock.advance(LOOK_EVERY_MS + FAREWELL_MS)
    if (isOwn) {
      expect(caller.socket.last('fault')).toMatchObject({ code: 'unauthenticated' })
      expect(caller.socket.closedWith).toBe(FAULT_TABLE.unauthenticated.close)
      expect(LOOK_EVERY_MS + FAREWELL_MS).toBeLessThanOrEqual(5_000)
    } else expect(caller.socket.closedWith).toBeUndefined()
    stop()
  })
})
