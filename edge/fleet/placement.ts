// Chooses the node for a session: the one with the most free slots. Pure; used by fleet-reduce.ts.
import type { Fault } from '#shared/fault.ts'
import type { NodeId } from '#shared/ids.ts'
import { isWished, type EngineWishes } from '#shared/model/engine.ts'
import type { AdmissionRefusal } from '#shared/model/node.ts'
import type { FleetNode, FleetState } from './fleet-state.ts'

/** Ask again for a slot after this time: calls end all the time, and a node that reconnects is back by then. */
const NO_CAPACITY_RETRY_MS = 3_000

/**
 * Slots that nobody holds. There are two counts, and the smaller one is right: the free slots that the node names, less the
 * sessions that it does not know of yet; and all its slots, less every session that either side names.
 */
export function freeSlots({ presence, held }: FleetNode): number {
  if (presence.type !== 'here' || presence.draining) return 0
  const { slots, freeSlots: said, sessions } = presence.status
  const named = new Set(sessions)
  const unknown = [...held].filter((session) => !named.has(session)).length
  return Math.max(0, Math.min(said - unknown, slots - named.size - unknown))
}

/** Undefined where no untried node with these engines has a free slot. Of equal nodes the one with the lowest id is chosen. */
export function chooseNode(
  state: FleetState,
  tried: ReadonlySet<NodeId>,
  engines: EngineWishes = {},
): NodeId | undefined {
  return [...state.nodes]
    .filter(([nodeId, node]) => !tried.has(nodeId) && freeSlots(node) > 0 && hasEngines(node, engines))
    .toSorted(([idA, a], [idB, b]) => freeSlots(b) - freeSlots(a) || (idA < idB ? -1 : 1))[0]?.[0]
}

/** An engine that does not answer just now counts: the node has another in its place, or declines. */
function hasEngines({ presence }: FleetNode, wishes: EngineWishes): boolean {
  if (presence.type !== 'here') return false
  const { engines } = presence.status
  return Object.entries(wishes).every(
    ([role, wish]) => wish === undefined || engines.some((engine) => engine.role === role && isWished(engine, wish)),
  )
}

/**
 * Why a node with free slots takes no session; undefined where all slots are in use. `engines`: there are nodes, but none has the
 * engines that are wished for.
 */
export function refusingIn({ nodes }: FleetState, wishes: EngineWishes): AdmissionRefusal | undefined {
  const here = [...nodes.values()].filter(({ presence }) => presence.type === 'here' && !presence.draining)
  const fit = here.filter((node) => hasEngines(node, wishes))
  if (here.length > 0 && fit.length === 0) return 'engines'
  for (const { presence } of fit) {
    if (presence.type !== 'here') continue
    const { refusing, sessions, slots } = presence.status
    if (refusing && sessions.length < slots) return refusing
  }
  return undefined
}

export function noCapacity(reason: AdmissionRefusal | undefined): Extract<Fault, { code: 'no_capacity' }> {
  return { code: 'no_capacity', retryAfterMs: NO_CAPACITY_RETRY_MS, ...(reason && { reason }) }
}
