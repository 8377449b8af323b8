// What a fleet room knows: its nodes, which sessions they hold, which offers are out; and what can happen to it. Data only:
// fleet-reduce.ts has the transitions, fleet-views.ts what is read from it, fleet-room.ts does the effects. Knows no socket
// and no store.
import type { Fault } from '#shared/fault.ts'
import type { NodeId, SessionId } from '#shared/ids.ts'
import type { EngineWishes } from '#shared/model/engine.ts'
import type { AdmissionRefusal } from '#shared/model/node.ts'
import { NODE_DEAD_AFTER_MS, START_TIMEOUT_MS } from '#shared/protocol/limits.ts'
import type { EdgeControlMessage, NodeStatus } from '#shared/protocol/node-messages.ts'
import type { EndReason } from '#shared/protocol/session-messages.ts'

/** A node says hello as soon as it is connected. */
export const HELLO_WITHIN_MS = START_TIMEOUT_MS
/** A node whose control socket closed keeps its sessions so long: time for three fast dials and some slow ones. */
export const AWAY_MS = NODE_DEAD_AFTER_MS

export type NodePresence =
  /** The control socket is open, hello has not come. */
  | { type: 'greeting'; until: number }
  | { type: 'here'; name: string; version: string; status: NodeStatus; connectedAt: number; draining: boolean }
  /** The control socket closed; calls run on by their data sockets. */
  | { type: 'away'; until: number }
  /** Given up: its sessions were told, and each is forgotten when it is released. */
  | { type: 'lost' }

export interface FleetNode {
  presence: NodePresence
  /** Sessions offered to this node or placed on it: each takes a slot, whatever the node's status says yet. */
  held: ReadonlySet<SessionId>
}

export interface Offer {
  sessionId: SessionId
  epoch: number
  ticket: string
  expiresAt: number
}

/** An offer that waits for an answer. */
export interface Pending {
  offer: Offer
  /** The engines that its node must have. */
  engines: EngineWishes
  nodeId: NodeId
  until: number
  /** Each node is tried once. */
  tried: ReadonlySet<NodeId>
  /** The last reason that a node gave for declining. */
  reason?: AdmissionRefusal | undefined
}

export interface FleetState {
  nodes: ReadonlyMap<NodeId, FleetNode>
  pending: ReadonlyMap<SessionId, Pending>
}

export const EMPTY_FLEET: FleetState = { nodes: new Map(), pending: new Map() }

export type FleetEvent =
  | { type: 'connected'; nodeId: NodeId }
  | { type: 'hello'; nodeId: NodeId; name: string; version: string; status: NodeStatus }
  | { type: 'status'; nodeId: NodeId; status: NodeStatus }
  | { type: 'accepted'; nodeId: NodeId; sessionId: SessionId; epoch: number }
  | { type: 'declined'; nodeId: NodeId; sessionId: SessionId; epoch: number; reason?: AdmissionRefusal | undefined }
  | { type: 'draining'; nodeId: NodeId }
  /** The socket closed: the node may be back in a moment. */
  | { type: 'disconnected'; nodeId: NodeId }
  /** Silent for NODE_DEAD_AFTER_MS. */
  | { type: 'died'; nodeId: NodeId }
  | { type: 'place'; offer: Offer; engines: EngineWishes }
  | { type: 'release'; sessionId: SessionId; reason: EndReason }
  | { type: 'drain'; nodeId: NodeId }
  /** A bug of ours: offers that are out cannot be relied on. */
  | { type: 'broke' }
  | { type: 'alarm' }

export type FleetEffect =
  | { type: 'send'; nodeId: NodeId; message: EdgeControlMessage }
  | { type: 'close'; nodeId: NodeId; fault: Fault }
  | { type: 'placed'; sessionId: SessionId; nodeId: NodeId }
  | { type: 'unplaced'; sessionId: SessionId; fault: Fault }
  /** The session rooms of these are told. */
  | { type: 'lost'; nodeId: NodeId; sessions: SessionId[] }

export interface FleetTransition {
  state: FleetState
  effects: FleetEffect[]
}
