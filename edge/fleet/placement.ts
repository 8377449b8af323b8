// Chooses the node for a session: the one with the most free slots. Pure; used by fleet-reduce.ts.
import type { Fault } from '#shared/fault.ts'
import type { NodeId } from '#shared/ids.ts'
import { isWished, type EngineWishes } from '#shared/model/engine.ts'
import type { AdmissionRefusal } from '#shared/model/node.ts'
import type { FleetNode, FleetState } from './fleet-state.ts'

/** When to ask again for a slot: calls end at all times, and a node that reconnects is back within this. */
const NO_CAPACITY_RETRY_MS = 3_000

/**
 * Slots that nobody holds. Counted twice and the smaller taken: by the node's own word, less the sessions that it does
 * not know of yet, and by its slots, less every session that either side names.
 */
export function freeSlots({ presence, held }: FleetNode): number {
  if (presence.type !== 'here' || presence.draining) return 0
  const { slots, freeSlots: said, sessions } = presence.status
  const named = new Set(sessions)
  const unknown = [...held].filter((session) => !named.has(session)).length
  return Math.max(0, Math.min(said - unknown, slots - named.size - unknown))
}

/** Undefined where no node that has the engines and was not tried has a free slot. Among equals the first by id, so that a table can test it. */
export function chooseNode(
  state: FleetState,
  tried: ReadonlySet<NodeId>,
  engines: EngineWishes = {},
): NodeId | undefined {
  return [...state.nodes]
    .filter(([nodeId, node]) => !tried.has(nodeId) && freeSlots(node) > 0 && hasEngines(node, engines))
    .toSorted(([idA, a], [idB, b]) => freeSlots(b) - freeSlots(a) || (idA < idB ? -1 : 1))[0]?.[0]
}

/** Whether they answer just now is the node's to say: it has others in their place. */
function hasEngines({ presence }: FleetNode, wishes: EngineWishes): boolean {
  if (presence.type !== 'here') return false
  const { engines } = presence.status
  return Object.entries(wishes).every(
    ([role, wish]) => wish === undefined || engines.some((engine) => engine.role === role && isWished(engine, wish)),
  )
}

/**
 * Why a node takes no session although it has slots for it; undefined where they are all in use. `engines` also where there are
 * nodes, and none with the engines that are wished for.
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
