// A fleet room by itself: it wakes where an earlier one was forgotten, asks its nodes, and sets its alarm.
import { expect, it } from 'vitest'
import { FleetRoom } from '#edge/fleet/fleet-room.ts'
import { EMPTY_FLEET, type FleetState } from '#edge/fleet/fleet-state.ts'
import type { NodeId } from '#shared/ids.ts'
import { silentLog } from '#shared/log.ts'
import { NODE_DEAD_AFTER_MS } from '#shared/protocol/limits.ts'
import { silentMetrics } from '#tests/edge/sockets-world.ts'
import { FakeSocket } from '#tests/fakes/fake-socket.ts'
import { createMemoryStore } from '#tests/fakes/memory-store.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

const status = { slots: 2, freeSlots: 2, sessions: [], engines: [], vram: null }

function fleet() {
  const clock = createVirtualClock()
  const nothing = async (): Promise<void> => {}
  const alarms: Array<number | undefined> = []
  const kept: FleetState[] = []
  const create = (): FleetRoom =>
    new FleetRoom({
      clock,
      log: silentLog,
      store: createMemoryStore(),
      sessions: { nodeLost: nothing, goAway: nothing, metered: nothing },
      metrics: silentMetrics,
      nodeJoined: () => {},
      setAlarm: (at) => alarms.push(at),
      remember: (state) => kept.push(state),
    })
  const join = (room: FleetRoom, nodeId: NodeId): FakeSocket => {
    const socket = new FakeSocket()
    room.connect(socket, { nodeId })
    room.message(socket, JSON.stringify({ type: 'node.hello', name: nodeId, version: '0', ...status }))
    return socket
  }
  return { clock, alarms, kept, create, join }
}

const here = async (room: FleetRoom): Promise<NodeId[]> => (await room.nodes()).map(({ nodeId }) => nodeId)

it('[FLT18] a room that wakes keeps the nodes whose sockets are open, and takes back what was offered', async () => {
  const { clock, kept, create, join } = fleet()
  const before = create()
  const sockets = (['nod_a', 'nod_b'] as const).map((nodeId) => ({ nodeId, socket: join(before, nodeId) }))
  before.place({ sessionId: 'ses_a', epoch: 1, ticket: 't', expiresAt: 0 }).catch(() => {})
  const state = kept.at(-1) ?? EMPTY_FLEET
  expect(state.pending.size).toBe(1)

  const [a] = sockets
  if (!a) throw new Error('no socket')
  const room = create()
  room.wake(state, [{ ...a, since: clock.now() }])
  expect(await here(room)).toEqual(['nod_a'])
  expect(room.sessionIds()).toEqual([])
  expect(a.socket.last('session.revoked')).toMatchObject({ sessionId: 'ses_a', reason: 'shutdown' })
  // The node's word comes too late, and is not taken for a placement.
  room.message(a.socket, '{"type":"offer.accepted","sessionId":"ses_a","epoch":1}')
  expect(room.sessionIds()).toEqual([])
  expect(a.socket.closedWith).toBeUndefined()
})

it('[REQ5] a question reaches a node with its parameters, and its time is the next alarm', async () => {
  const { clock, alarms, create, join } = fleet()
  const room = create()
  const socket = join(room, 'nod_a')
  expect(alarms.at(-1)).toBe(clock.now() + NODE_DEAD_AFTER_MS)
  const answer = room.request({ nodeId: 'nod_a', method: 'models.list', params: { all: true }, deadlineMs: 50 })
  expect(alarms.at(-1)).toBe(clock.now() + 50)
  const asked = socket.last('request')
  expect(asked).toMatchObject({ method: 'models.list', params: { all: true }, deadlineMs: 50 })
  room.message(socket, JSON.stringify({ type: 'response', id: asked?.['id'], result: 7 }))
  await expect(answer).resolves.toBe(7)
  const plain = room.request({ nodeId: 'nod_a', method: 'status', deadlineMs: 50 })
  expect(socket.last('request')).not.toHaveProperty('params')
  room.close(socket)
  await expect(plain).rejects.toMatchObject({ fault: { code: 'node_lost' } })
})

it('[REQ5] a node that is not here, or has not said hello, is not asked', async () => {
  const { create } = fleet()
  const room = create()
  const socket = new FakeSocket()
  room.connect(socket, { nodeId: 'nod_a' })
  for (const nodeId of ['nod_a', 'nod_b'] as const)
    await expect(room.request({ nodeId, method: 'status', deadlineMs: 50 })).rejects.toMatchObject({
      fault: { code: 'not_found', kind: 'node', id: nodeId },
    })
  expect(socket.types).not.toContain('request')
})

it('[FLT18] a room without nodes and questions sets no alarm', () => {
  const { alarms, create, join } = fleet()
  const room = create()
  room.close(join(room, 'nod_a'))
  expect(alarms.at(-1)).toBeUndefined()
})
