// The transitions of the fleet: (state, event, now) → state and effects. Pure; called by fleet-room.ts only.
import type { Fault } from '#shared/fault.ts'
import type { NodeId, SessionId } from '#shared/ids.ts'
import { OFFER_TIMEOUT_MS } from '#shared/protocol/limits.ts'
import type { EdgeControlMessage, NodeStatus } from '#shared/protocol/node-messages.ts'
import type { EndReason } from '#shared/protocol/session-messages.ts'
import {
  AWAY_MS,
  HELLO_WITHIN_MS,
  type FleetEffect,
  type FleetEvent,
  type FleetNode,
  type FleetState,
  type FleetTransition,
  type Pending,
} from './fleet-state.ts'
import { chooseNode, noCapacity, refusingIn } from './placement.ts'

type Of<K extends FleetEvent['type']> = Extract<FleetEvent, { type: K }>
type Step<K extends FleetEvent['type']> = (state: FleetState, event: Of<K>, now: number) => FleetTransition

const stay = (state: FleetState): FleetTransition => ({ state, effects: [] })
const NEW: FleetNode = { presence: { type: 'lost' }, held: new Set() }

const STEPS: { [K in FleetEvent['type']]: Step<K> } = {
  connected: (state, { nodeId }, now) => {
    const node = state.nodes.get(nodeId) ?? NEW
    // An offer on an earlier socket of this node may never have arrived.
    return withdraw(setNode(state, nodeId, { ...node, presence: greeting(node, now) }), nodeId, now)
  },
  hello,
  status: (state, { nodeId, status }) => change(state, nodeId, (here) => ({ ...here, status })),
  draining: (state, { nodeId }) => change(state, nodeId, (here) => ({ ...here, draining: true })),
  drain: (state, { nodeId }) => {
    if (state.nodes.get(nodeId)?.presence.type !== 'here') return stay(state)
    const { state: drained } = change(state, nodeId, (here) => ({ ...here, draining: true }))
    return { state: drained, effects: [send(nodeId, { type: 'node.drain' })] }
  },
  accepted: (state, { nodeId, sessionId, epoch }) => {
    const pending = answered(state, nodeId, sessionId, epoch)
    if (pending) return { state: unpend(state, sessionId), effects: [{ type: 'placed', sessionId, nodeId }] }
    // It came too late, and the session went elsewhere; or it comes a second time, and is still right.
    if (state.nodes.get(nodeId)?.held.has(sessionId)) return stay(state)
    return { state, effects: [send(nodeId, { type: 'session.revoked', sessionId, reason: 'replaced' })] }
  },
  declined: (state, { nodeId, sessionId, epoch, reason }, now) => {
    const pending = answered(state, nodeId, sessionId, epoch)
    return pending ? offerNext(state, { ...pending, reason: reason ?? pending.reason }, now) : stay(state)
  },
  disconnected: (state, { nodeId }, now) => {
    const node = state.nodes.get(nodeId)
    if (!node) return stay(state)
    const left = withdraw(state, nodeId, now)
    const { held } = left.state.nodes.get(nodeId) ?? node
    return {
      state: tidy(setNode(left.state, nodeId, { held, presence: { type: 'away', until: now + AWAY_MS } }), nodeId),
      effects: left.effects,
    }
  },
  died: (state, { nodeId }, now) => {
    const left = withdraw(state, nodeId, now)
    const lost = lose(left.state, nodeId)
    return { state: lost.state, effects: [...left.effects, ...lost.effects] }
  },
  place: (state, { offer, engines }, now) =>
    offerNext(state, { offer, engines, nodeId: 'nod_', until: now, tried: new Set() }, now),
  release: (state, { sessionId, reason }) =>
    release(state, sessionId, reason, { code: 'not_found', kind: 'session', id: sessionId }),
  broke,
  alarm,
}

/** What happens to the fleet. */
export function reduceFleet(state: FleetState, event: FleetEvent, now: number): FleetTransition {
  // The table's key is the event's own type: TypeScript cannot see that the two unions move together.
  const step = STEPS[event.type] as (state: FleetState, event: FleetEvent, now: number) => FleetTransition
  return step(state, event, now)
}

function greeting({ presence }: FleetNode, now: number): FleetNode['presence'] {
  const until = now + HELLO_WITHIN_MS
  // A socket alone is no sign of life: without hello the node is given up as early as without the socket.
  return { type: 'greeting', until: presence.type === 'away' ? Math.min(until, presence.until) : until }
}

function hello(state: FleetState, { nodeId, name, version, status }: Of<'hello'>, now: number): FleetTransition {
  const node = state.nodes.get(nodeId)
  if (node?.presence.type !== 'greeting') return stay(state)
  const named = new Set(status.sessions)
  const gone = [...node.held].filter((session) => !named.has(session))
  // Sessions that ended while it was away: nobody could tell the node.
  const over = status.sessions.filter((session) => !node.held.has(session))
  const presence = { type: 'here' as const, name, version, status, connectedAt: now, draining: false }
  const effects: FleetEffect[] = [
    send(nodeId, { type: 'node.welcome', nodeId }),
    ...over.map((sessionId) => send(nodeId, { type: 'session.revoked', sessionId, reason: 'shutdown' })),
  ]
  if (gone.length > 0) effects.push({ type: 'lost', nodeId, sessions: gone })
  return { state: setNode(state, nodeId, { ...node, presence }), effects }
}

function alarm(state: FleetState, _event: Of<'alarm'>, now: number): FleetTransition {
  let next = state
  const effects: FleetEffect[] = []
  const go = (step: FleetTransition): void => {
    next = step.state
    effects.push(...step.effects)
  }
  for (const pending of state.pending.values()) if (pending.until <= now) go(offerNext(next, pending, now))
  for (const [nodeId, { presence }] of state.nodes) {
    if (!('until' in presence) || presence.until > now) continue
    go(lose(next, nodeId))
    const fault = { code: 'deadline_exceeded' as const, stage: 'node.hello', limitMs: HELLO_WITHIN_MS }
    if (presence.type === 'greeting') effects.push({ type: 'close', nodeId, fault })
  }
  return { state: next, effects }
}

/** Offers the session to the next node and takes a slot there at once. The slot at the node before is free again. */
function offerNext(state: FleetState, last: Pending, now: number): FleetTransition {
  const { offer, engines, nodeId: before, tried, reason } = last
  const { sessionId } = offer
  const freed = tidy(drop(unpend(state, sessionId), before, sessionId), before)
  const nodeId = chooseNode(freed, tried, engines)
  const node = nodeId && freed.nodes.get(nodeId)
  if (!node) {
    const fault = noCapacity(reason ?? refusingIn(freed, engines))
    return { state: freed, effects: [{ type: 'unplaced', sessionId, fault }] }
  }
  const held = setNode(freed, nodeId, { ...node, held: new Set([...node.held, sessionId]) })
  const until = now + OFFER_TIMEOUT_MS
  const next: Pending = { offer, engines, nodeId, until, tried: new Set([...tried, nodeId]), ...(reason && { reason }) }
  const pending = new Map(held.pending).set(sessionId, next)
  return { state: { ...held, pending }, effects: [send(nodeId, { type: 'session.offer', ...offer })] }
}

/** Takes back every offer that is out to this node. */
function withdraw(state: FleetState, nodeId: NodeId, now: number): FleetTransition {
  let next: FleetTransition = stay(state)
  for (const pending of state.pending.values()) {
    if (pending.nodeId !== nodeId) continue
    const step = offerNext(next.state, pending, now)
    next = { state: step.state, effects: [...next.effects, ...step.effects] }
  }
  return next
}

/** Nobody may wait for an answer that a bug has taken away. Nodes, and the sessions that are placed, stay as they are. */
function broke(state: FleetState): FleetTransition {
  let next: FleetTransition = stay(state)
  for (const sessionId of state.pending.keys()) {
    const step = release(next.state, sessionId, 'fault', { code: 'internal' })
    next = { state: step.state, effects: [...next.effects, ...step.effects] }
  }
  return next
}

/** `fault`: what is answered to whoever still waits for a node. */
function release(state: FleetState, sessionId: SessionId, reason: EndReason, fault: Fault): FleetTransition {
  const holder = [...state.nodes].find(([, { held }]) => held.has(sessionId))?.[0]
  const effects: FleetEffect[] = []
  if (state.pending.has(sessionId)) effects.push({ type: 'unplaced', sessionId, fault })
  if (holder === undefined) return { state: unpend(state, sessionId), effects }
  if (state.nodes.get(holder)?.presence.type === 'here')
    effects.push(send(holder, { type: 'session.revoked', sessionId, reason }))
  const { state: freed } = change(state, holder, (here) => ({ ...here, status: without(here.status, sessionId) }))
  return { state: tidy(drop(unpend(freed, sessionId), holder, sessionId), holder), effects }
}

/** The node's next status says the same. Until then the slot would seem taken, and the next caller would be turned away. */
function without(status: NodeStatus, sessionId: SessionId): NodeStatus {
  if (!status.sessions.includes(sessionId)) return status
  const sessions = status.sessions.filter((session) => session !== sessionId)
  return { ...status, sessions, freeSlots: Math.min(status.slots, status.freeSlots + 1) }
}

function lose(state: FleetState, nodeId: NodeId): FleetTransition {
  const node = state.nodes.get(nodeId)
  if (!node) return stay(state)
  const sessions = [...node.held]
  const lost = tidy(setNode(state, nodeId, { ...node, presence: { type: 'lost' } }), nodeId)
  return { state: lost, effects: sessions.length > 0 ? [{ type: 'lost', nodeId, sessions }] : [] }
}

// --- small changes ---

const send = (nodeId: NodeId, message: EdgeControlMessage): FleetEffect => ({ type: 'send', nodeId, message })

function answered(state: FleetState, nodeId: NodeId, sessionId: SessionId, epoch: number): Pending | undefined {
  const pending = state.pending.get(sessionId)
  return pending?.nodeId === nodeId && pending.offer.epoch === epoch ? pending : undefined
}

function setNode(state: FleetState, nodeId: NodeId, node: FleetNode): FleetState {
  return { ...state, nodes: new Map(state.nodes).set(nodeId, node) }
}

function change(
  state: FleetState,
  nodeId: NodeId,
  how: (here: Extract<FleetNode['presence'], { type: 'here' }>) => FleetNode['presence'],
): FleetTransition {
  const node = state.nodes.get(nodeId)
  if (node?.presence.type !== 'here') return stay(state)
  return stay(setNode(state, nodeId, { ...node, presence: how(node.presence) }))
}

function unpend(state: FleetState, sessionId: SessionId): FleetState {
  const pending = new Map(state.pending)
  return pending.delete(sessionId) ? { ...state, pending } : state
}

function drop(state: FleetState, nodeId: NodeId, sessionId: SessionId): FleetState {
  const node = state.nodes.get(nodeId)
  if (!node?.held.has(sessionId)) return state
  return setNode(state, nodeId, { ...node, held: new Set([...node.held].filter((held) => held !== sessionId)) })
}

/** A node that is not here and holds nothing is forgotten. */
function tidy(state: FleetState, nodeId: NodeId): FleetState {
  const node = state.nodes.get(nodeId)
  if (!node || node.held.size > 0 || node.presence.type === 'here' || node.presence.type === 'greeting') return state
  const nodes = new Map(state.nodes)
  nodes.delete(nodeId)
  return { ...state, nodes }
}
