// A node whose token is revoked while it is connected, in virtual time over all rooms of an edge.
import { describe, expect, it } from 'vitest'
import { LOOK_EVERY_MS, watchRevokedNodes } from '#edge/runtime/node/revoked-nodes.ts'
import { FAULT_TABLE } from '#shared/fault-table.ts'
import { silentLog } from '#shared/log.ts'
import { FakeWorld } from '#tests/rooms/fake-world.ts'

describe('a revoked node', () => {
  it('[SEC15] is turned away for good within 3 s and gets no offer any more; other nodes stay', async () => {
    const world = new FakeWorld()
    const { clock, store, rooms } = world
    const revoked = await store.nodes.addNode({ name: 'one', now: 0 })
    const valid = await store.nodes.addNode({ name: 'two', now: 0 })
    const [odd, good] = [world.control(revoked.nodeId, 9), world.control(valid.nodeId, 1)]
    const stop = watchRevokedNodes({ clock, log: silentLog, store, fleet: rooms.fleet })
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
