// Chooses the node for a session: the one with the most free slots. Pure; used by fleet-reduce.ts.
import type { Fault } from '#shared/fault.ts'
import type { NodeId } from '#shared/ids.ts'
import type { AdmissionRefusal } from '#shared/model/node.ts'
import type { FleetNode, FleetState } from './fleet-state.ts'

/** When to ask again for a slot: calls end at all times, and a node that reconnects is back within this. */
const NO_CAPACITY_RETRY_MS = 3_000

/**
 * Slots that nobody holds. Counted twice and the smaller taken: by the node's own word, less the sessions that it does
 * not know of yet, and by its slots, less every session that either side names.
 */
export function freeSlots({ presence, held }: FleetNode): number {
  if (presence.is !== 'here' || presence.draining) return 0
  const { slots, freeSlots: said, sessions } = presence.status
  const named = new Set(sessions)
  const unknown = [...held].filter((session) => !named.has(session)).length
  return Math.max(0, Math.min(said - unknown, slots - named.size - unknown))
}

/** Undefined where no node that was not tried has a free slot. Among equals the first by id, so that a table can test it. */
export function chooseNode(state: FleetState, tried: ReadonlySet<NodeId>): NodeId | undefined {
  return [...state.nodes]
    .filter(([nodeId, node]) => !tried.has(nodeId) && freeSlots(node) > 0)
    .toSorted(([idA, a], [idB, b]) => freeSlots(b) - freeSlots(a) || (idA < idB ? -1 : 1))[0]?.[0]
}

/** Why a node takes no session although it has slots for it; undefined where they are all in use. */
export function refusingIn({ nodes }: FleetState): AdmissionRefusal | undefined {
  for (const { presence } of nodes.values()) {
    if (presence.is !== 'here' || presence.draining) continue
    const { refusing, sessions, slots } = presence.status
    if (refusing && sessions.length < slots) return refusing
  }
  return undefined
}

export function noCapacity(reason: AdmissionRefusal | undefined): Extract<Fault, { code: 'no_capacity' }> {
  return { code: 'no_capacity', retryAfterMs: NO_CAPACITY_RETRY_MS, ...(reason && { reason }) }
}
