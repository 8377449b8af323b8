// How sockets come into the rooms: what a room needs of one, who it is from, and what the host does about it. Part of ports.ts.
import type { Context } from 'hono'
import type { NodeId, SessionId } from '#shared/ids.ts'
import type { Caller } from '#shared/model/caller.ts'

/** The part of a WebSocket that a room uses. `ws` and workerd sockets both fit. */
export interface RoomSocket {
  send(frame: string | Uint8Array<ArrayBuffer>): void
  close(code: number, reason: string): void
  /** Bytes handed to send() that have not left yet. */
  readonly bufferedAmount: number
  /** When the host last answered a heartbeat by itself, without telling the room. */
  readonly heardAt?: number | undefined
}

/** How a caller's socket comes in. `received`: the highest number that the caller has of the node's messages. */
export type CallerAdmission =
  | { type: 'new'; sessionId: SessionId; caller: Caller }
  | { type: 'resume'; sessionId: SessionId; resumeToken: string; received: number }

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
