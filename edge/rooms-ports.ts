// The ports of the rooms: the socket that a room uses, how sockets come in, and how routes and rooms reach a room. The
// rooms stand in edge/session and edge/fleet, which meet only here; each host implements Upgrades, and Fleet and
// Sessions where its rooms are apart. Knows no runtime.
import type { Context } from 'hono'
import type { QuotaStanding } from '#edge/store/quotas.ts'
import type { ApiKeyId, NodeId, SessionId } from '#shared/ids.ts'
import type { Frame } from '#shared/link/frame.ts'
import type { Caller } from '#shared/model/caller.ts'
import type { EngineWishes } from '#shared/model/engine.ts'
import type { NodeStatus } from '#shared/protocol/node-messages.ts'
import type { EndReason } from '#shared/protocol/session-messages.ts'

// --- sockets ---

/**
 * The part of a WebSocket that a room uses. The sockets of `ws` and of workerd fit, and so does a client of another
 * wire.
 */
export interface RoomSocket {
  send(frame: Frame): void
  close(code: number, reason: string): void
  /** Bytes handed to send() that have not left yet. */
  readonly bufferedAmount: number
  /** When whoever owns this socket last heard its peer without telling the room. */
  readonly heardAt?: number | undefined
  /**
   * Of a client of another wire: what its successor needs when this memory is lost, at most MAX_CLIENT_KEPT_BYTES. The
   * room keeps it with the session, unread.
   */
  readonly kept?: string | undefined
}

/**
 * How a caller's socket comes in. `wire` names the client that stands between this socket and the room (edge/clients);
 * without it the socket speaks parley.chat.v1 itself. `received`: the highest number of the node's messages that the
 * caller has; undefined for a client of another wire, because the room tells it the numbers.
 */
export type CallerAdmission =
  | { type: 'new'; sessionId: SessionId; caller: Caller; wire?: string | undefined }
  | {
      type: 'resume'
      sessionId: SessionId
      resumeToken: string
      received: number | undefined
      wire?: string | undefined
    }

/** How a node's data socket comes in: with a ticket for the first dial, with a resume token for the next ones. */
export interface NodeAdmission {
  sessionId: SessionId
  nodeId: NodeId
  secret: { type: 'ticket'; ticket: string } | { type: 'resume'; resumeToken: string; received: number }
}

/** Turns a request into a socket of a room. A refusal throws FaultError before the upgrade is answered. */
export interface Upgrades {
  caller(c: Context, admission: CallerAdmission): Response | Promise<Response>
  nodeControl(c: Context, node: { nodeId: NodeId }): Response | Promise<Response>
  nodeSession(c: Context, admission: NodeAdmission): Response | Promise<Response>
}

// --- the fleet room, from outside ---

/** One node as the fleet room sees it. */
export interface NodeView extends NodeStatus {
  nodeId: NodeId
  name: string
  version: string
  connectedAt: number
  draining: boolean
}

export interface Fleet {
  nodes(): Promise<NodeView[]>
  /**
   * Offers the session in turn to the nodes that have the `engines`. Throws FaultError no_capacity when none takes it.
   */
  place(offer: {
    sessionId: SessionId
    epoch: number
    ticket: string
    expiresAt: number
    engines?: EngineWishes | undefined
  }): Promise<NodeId>
  /**
   * Before a deployment: tells every call on a node, and every node, to come back no earlier than after this time, and
   * closes their sockets. Both resume, the calls go on. Returns how many were told.
   */
  goAway(retryAfterMs: number): Promise<{ nodes: number; sessions: number }>
  /**
   * Asks a node that is here. Rejects with FaultError not_found where it is not, node_lost, deadline_exceeded, or as
   * the node answers.
   */
  request(request: { nodeId: NodeId; method: string; params?: unknown; deadlineMs: number }): Promise<unknown>
  /** The session is over: its node frees the slot. */
  release(sessionId: SessionId, reason: EndReason): Promise<void>
}

// --- the session rooms, from outside ---

export interface Sessions {
  /** Live sessions of this edge. */
  count(): Promise<number>
  /** See Fleet.goAway. */
  goAway(sessions: SessionId[], retryAfterMs: number): Promise<void>
  /** The node is gone: every session on it is told. */
  nodeLost(nodeId: NodeId, sessions: SessionId[]): Promise<void>
  /** Tells a session what its newest turn left of its user's quotas, where that is little or nothing. */
  metered(sessionId: SessionId, standing: QuotaStanding): Promise<void>
  /** These keys are good no more: sessions that were opened with one of them end. */
  keysEnded(keyIds: ApiKeyId[]): Promise<void>
}
