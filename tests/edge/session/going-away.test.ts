// Rooms that send their ends away, in virtual time: a deployment, and an edge that stops.
import { describe, expect, it } from 'vitest'
import { NODE_RETURN_MS } from '#edge/session/session-state.ts'
import { newId } from '#shared/ids.ts'
import { CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import { MAX_GOAWAY_MS } from '#shared/protocol/limits.ts'
import { CALLER, FakeWorld } from '#tests/edge/rooms-world.ts'

describe('rooms that send their ends away', () => {
  it('[GOA5] all three sockets are told and then closed; the session waits for its ends', async () => {
    const world = new FakeWorld()
    const ends = await world.live()
    expect(await world.rooms.fleet.goAway(1_000)).toEqual({ nodes: 1, sessions: 1 })
    for (const { socket } of [ends.caller, ends.node, ends.control]) {
      expect(socket.last('goaway')).toEqual({ type: 'goaway', retryAfterMs: 1_000 })
      expect(socket.closedWith).toBe(CLOSE_RESUME)
    }
    await world.clock.advance(MAX_GOAWAY_MS)
    expect(world.stored?.endReason).toBeUndefined()
    expect(await world.rooms.sessions.count()).toBe(1)
  })

  it('[GOA6] a session that is only beginning is told and goes on', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.begin()
    await world.rooms.fleet.goAway(1_000)
    expect(caller.socket.last('goaway')).toMatchObject({ retryAfterMs: 1_000 })
    expect([caller.socket.closedWith, node.socket.closedWith]).toEqual([undefined, undefined])
    node.say({ type: 'session.begun', engines: [] })
    await world.until(() => caller.socket.types.includes('session.ready'))
  })

  it('[GOA7] an edge that stops tells everybody when to come back before it ends their sessions, and takes no new one', async () => {
    const world = new FakeWorld()
    const { caller, node, control } = await world.live()
    const stopped = world.rooms.shutdown()
    const late = { type: 'new', sessionId: newId('session'), caller: CALLER } as const
    await expect(world.rooms.admitCaller(late)).rejects.toMatchObject({
      fault: { code: 'unavailable', what: 'edge', retryAfterMs: 3_000 },
    })
    node.close(1000)
    await world.until(() => caller.socket.closedWith !== undefined)
    await stopped
    const goaway = { type: 'goaway', retryAfterMs: 3_000 }
    for (const { socket } of [caller, node, control]) expect(socket.last('goaway')).toEqual(goaway)
    expect(caller.socket.types.indexOf('goaway')).toBeLessThan(caller.socket.types.indexOf('session.ended'))
    expect(node.socket.types.indexOf('goaway')).toBeLessThan(node.socket.types.indexOf('session.end'))
    expect(caller.socket.last('session.ended')).toMatchObject({ reason: 'shutdown' })
  })

  it('[GOA8] the longest wait leaves the node two seconds to dial', () => {
    expect(MAX_GOAWAY_MS + 2_000).toBeLessThanOrEqual(NODE_RETURN_MS)
  })
})
