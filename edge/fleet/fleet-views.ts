// What is read from the state of the fleet: its nodes as others see them, the sessions they hold, the next deadline. Pure.
import type { NodeView } from '#edge/rooms-ports.ts'
import type { NodeId, SessionId } from '#shared/ids.ts'
import { AWAY_MS, type FleetNode, type FleetState } from './fleet-state.ts'

/** The nodes that are here, as others see them. */
export function viewsOf(state: FleetState): NodeView[] {
  return [...state.nodes].flatMap(([nodeId, { presence }]) => {
    if (presence.type !== 'here') return []
    const { name, version, status, connectedAt, draining } = presence
    return [{ nodeId, name, version, connectedAt, draining, ...status }]
  })
}

/** Sessions that nodes hold. */
export function heldSessions(state: FleetState): SessionId[] {
  return [...state.nodes.values()].flatMap(({ held }) => [...held])
}

/** The next time at which time alone changes something. */
export function fleetDeadline(state: FleetState): number | undefined {
  const times = [...state.pending.values()].map(({ until }) => until)
  for (const { presence } of state.nodes.values()) if ('until' in presence) times.push(presence.until)
  return times.length > 0 ? Math.min(...times) : undefined
}

/** As if every control socket had just closed: nodes that come back keep the sessions that are placed on them. */
export function allAway({ nodes, pending }: FleetState, now: number): FleetState {
  const presence = { type: 'away' as const, until: now + AWAY_MS }
  const away = new Map<NodeId, FleetNode>()
  for (const [nodeId, { held }] of nodes) {
    const placed = [...held].filter((session) => !pending.has(session))
    if (placed.length > 0) away.set(nodeId, { presence, held: new Set(placed) })
  }
  return { nodes: away, pending: new Map() }
}
