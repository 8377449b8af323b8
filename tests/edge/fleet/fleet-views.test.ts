// What is read from the state of the fleet.
import { expect, it } from 'vitest'
import { reduceFleet } from '#edge/fleet/fleet-reduce.ts'
import { AWAY_MS, EMPTY_FLEET, type FleetEvent, type FleetState } from '#edge/fleet/fleet-state.ts'
import { allAway, fleetDeadline, heldSessions } from '#edge/fleet/fleet-views.ts'

const status = { slots: 2, freeSlots: 2, sessions: [], engines: [], vram: null }
const offer = (sessionId: 'ses_a' | 'ses_b') => ({ sessionId, epoch: 1, ticket: 't', expiresAt: 0 })
const at = (state: FleetState, ...events: FleetEvent[]): FleetState =>
  events.reduce((before, event) => reduceFleet(before, event, 1_000).state, state)
const joins: FleetEvent[] = [
  { type: 'connected', nodeId: 'nod_a' },
  { type: 'hello', nodeId: 'nod_a', name: 'a', version: '1', status },
]
const holds: FleetEvent[] = [
  ...joins,
  { type: 'place', offer: offer('ses_a'), engines: {} },
  { type: 'accepted', nodeId: 'nod_a', sessionId: 'ses_a', epoch: 1 },
]

it('[FLT15] a room that begins anew knows only the nodes that hold a session, and not what was offered', () => {
  const placed = at(EMPTY_FLEET, ...holds)
  const offered = at(placed, { type: 'place', offer: offer('ses_b'), engines: {} })
  expect(heldSessions(offered)).toEqual(['ses_a', 'ses_b'])
  const away = allAway(offered, 5_000)
  expect(away.pending.size).toBe(0)
  expect(away.nodes.get('nod_a')).toEqual({
    presence: { type: 'away', until: 5_000 + AWAY_MS },
    held: new Set(['ses_a']),
  })
  expect(allAway(at(EMPTY_FLEET, ...joins), 5_000).nodes.size).toBe(0)
})

it('[FLT7] a node that leaves without a session is forgotten at once, one with a session when it is released', () => {
  expect(at(EMPTY_FLEET, ...joins, { type: 'disconnected', nodeId: 'nod_a' }).nodes.size).toBe(0)
  const left = at(EMPTY_FLEET, ...holds, { type: 'disconnected', nodeId: 'nod_a' })
  expect([...left.nodes.keys()]).toEqual(['nod_a'])
  expect(at(left, { type: 'release', sessionId: 'ses_a', reason: 'caller' }).nodes.size).toBe(0)
  const released = at(EMPTY_FLEET, ...holds, { type: 'release', sessionId: 'ses_a', reason: 'caller' })
  expect(released.nodes.get('nod_a')).toMatchObject({ presence: { type: 'here' }, held: new Set() })
  expect(at(EMPTY_FLEET, { type: 'connected', nodeId: 'nod_a' }).nodes.size).toBe(1)
})

it('[FLT7] the next deadline is the soonest of offers, greetings and nodes that are away', () => {
  expect(fleetDeadline(EMPTY_FLEET)).toBeUndefined()
  expect(fleetDeadline(at(EMPTY_FLEET, ...holds))).toBeUndefined()
  expect(fleetDeadline(at(EMPTY_FLEET, { type: 'connected', nodeId: 'nod_b' }))).toBe(11_000)
  const both = at(
    EMPTY_FLEET,
    ...holds,
    { type: 'connected', nodeId: 'nod_b' },
    { type: 'disconnected', nodeId: 'nod_a' },
  )
  expect(fleetDeadline(both)).toBe(1_000 + AWAY_MS)
  const offered = at(EMPTY_FLEET, ...joins, { type: 'place', offer: offer('ses_a'), engines: {} })
  expect(fleetDeadline(offered)).toBe(3_000)
})
