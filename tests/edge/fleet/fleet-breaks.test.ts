// Bugs in the room of the fleet: nobody waits for an answer that never comes, and what nodes hold stays as it is.
import { describe, expect, it } from 'vitest'
import { FleetRoom, type FleetRoomPorts } from '#edge/fleet/fleet-room.ts'
import { PLACING_MS } from '#edge/session/session-state.ts'
import type { NodeId, SessionId } from '#shared/ids.ts'
import { silentLog } from '#shared/log.ts'
import { FakeWorld } from '#tests/edge/rooms-world.ts'
import { silentMetrics } from '#tests/edge/sockets-world.ts'
import { FakeSocket } from '#tests/fakes/fake-socket.ts'
import { createMemoryStore } from '#tests/fakes/memory-store.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

const breaks = (): never => {
  throw new TypeError('a bug')
}
const status = { slots: 2, freeSlots: 2, sessions: [], engines: [], vram: null }
const offer = (sessionId: SessionId) => ({ sessionId, epoch: 1, ticket: 't', expiresAt: 0 })
const INTERNAL = { fault: { code: 'internal' } }

/** A fleet room by itself, and how a node joins it. */
function fleet(parts: Partial<FleetRoomPorts> = {}) {
  const clock = createVirtualClock()
  const nothing = async (): Promise<void> => {}
  const room = new FleetRoom({
    clock,
    log: silentLog,
    store: createMemoryStore(),
    sessions: { nodeLost: nothing, goAway: nothing, metered: nothing },
    metrics: silentMetrics,
    nodeJoined: () => {},
    setAlarm: () => {},
    ...parts,
  })
  const join = (nodeId: NodeId): FakeSocket => {
    const socket = new FakeSocket()
    room.connect(socket, { nodeId })
    room.message(socket, JSON.stringify({ type: 'node.hello', name: 'one', version: '0', ...status }))
    return socket
  }
  return { clock, room, join }
}

describe('a bug in the room of the fleet', () => {
  it('[FLT15] while it offers a session: the answer is internal, and the slot is free', async () => {
    const { room, join } = fleet()
    const socket = join('nod_one')
    const { send } = socket
    socket.send = breaks
    await expect(room.place(offer('ses_one'))).rejects.toMatchObject(INTERNAL)
    expect(room.sessionIds()).toEqual([])
    socket.send = send
    const placed = room.place(offer('ses_two'))
    room.message(socket, '{"type":"offer.accepted","sessionId":"ses_two","epoch":1}')
    await expect(placed).resolves.toBe('nod_one')
  })

  it('[FLT15] while a node says something: offers that are out are answered and taken back; nodes and calls stay', async () => {
    let joins = 0
    const { room, join } = fleet({ nodeJoined: () => (++joins === 2 ? breaks() : undefined) })
    const one = join('nod_one')
    const live = room.place(offer('ses_live'))
    room.message(one, '{"type":"offer.accepted","sessionId":"ses_live","epoch":1}')
    await live
    const waiting = room.place(offer('ses_waiting'))
    join('nod_two')
    await expect(waiting).rejects.toMatchObject(INTERNAL)
    expect(one.last('session.revoked')).toMatchObject({ sessionId: 'ses_waiting' })
    expect(room.sessionIds()).toEqual(['ses_live'])
    expect((await room.nodes()).map(({ nodeId }) => nodeId)).toEqual(['nod_one', 'nod_two'])
  })

  it('[FLT15] where not even that can be reduced the room begins anew, and nodes come back with what they hold', async () => {
    const { room, join, clock } = fleet()
    const socket = join('nod_one')
    const live = room.place(offer('ses_live'))
    room.message(socket, '{"type":"offer.accepted","sessionId":"ses_live","epoch":1}')
    await live
    const waiting = room.place(offer('ses_waiting'))
    // The transition cannot be made, and the ending after it neither.
    const { now } = clock
    let broken = 2
    clock.now = () => (broken-- > 0 ? breaks() : now())
    room.drain('nod_one')
    await expect(waiting).rejects.toMatchObject(INTERNAL)
    expect(socket.closedWith).toBe(4100)
    expect(room.sessionIds()).toEqual(['ses_live'])
    const back = new FakeSocket()
    room.connect(back, { nodeId: 'nod_one' })
    const hello = { type: 'node.hello', name: 'one', version: '0', ...status, sessions: ['ses_live'] }
    room.message(back, JSON.stringify(hello))
    expect(back.types).toEqual(['node.welcome'])
  })

  it('[FLT15] a caller whose session was being placed is told internal, and his conversation is free', async () => {
    const world = new FakeWorld()
    const control = world.control()
    control.socket.send = breaks
    const caller = await world.caller()
    caller.say({ type: 'session.start' })
    await world.until(() => caller.socket.closedWith !== undefined)
    expect(caller.socket.last('fault')).toMatchObject({ code: 'internal' })
    expect(world.stored?.endReason).toBe('fault')
  })

  it('[SES37] a fleet that never answers is not waited for', async () => {
    const world = new FakeWorld()
    world.control()
    const { place } = FleetRoom.prototype
    FleetRoom.prototype.place = () => new Promise(() => {})
    try {
      const caller = await world.caller()
      caller.say({ type: 'session.start' })
      await world.clock.advance(PLACING_MS - 1)
      expect(caller.socket.closedWith).toBeUndefined()
      await world.clock.advance(1)
      expect(caller.socket.last('fault')).toMatchObject({ code: 'deadline_exceeded', stage: 'placing' })
      expect(world.stored?.endReason).toBe('fault')
    } finally {
      FleetRoom.prototype.place = place
    }
  })
})
