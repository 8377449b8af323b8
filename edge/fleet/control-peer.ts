// One node's control socket, as long as it counts: when it was last heard, and that it never holds too much.
// Used by fleet-room.ts. Knows no message but the heartbeat and goaway.
import type { RoomSocket } from '#edge/ports.ts'
import type { NodeId } from '#shared/ids.ts'
import type { Frame } from '#shared/link/frame.ts'
import { isTeardownRace } from '#shared/link/socket.ts'
import { CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import { decode, PING, PONG } from '#shared/protocol/decode.ts'
import { MAX_NODE_MESSAGE_BYTES, MAX_SOCKET_BUFFER_BYTES, NODE_DEAD_AFTER_MS } from '#shared/protocol/limits.ts'
import { NodeControlMessage, type EdgeControlMessage } from '#shared/protocol/node-messages.ts'

export class ControlPeer {
  readonly nodeId: NodeId
  readonly socket: RoomSocket
  /** As far as this room has seen; the socket knows of heartbeats that its host has answered. */
  #heardAt: number
  #isOpen = true

  constructor(nodeId: NodeId, socket: RoomSocket, now: number) {
    this.nodeId = nodeId
    this.socket = socket
    this.#heardAt = now
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get deadAt(): number {
    return Math.max(this.#heardAt, this.socket.heardAt ?? 0) + NODE_DEAD_AFTER_MS
  }

  /** Notes a sign of life; true when the frame was nothing more than that. */
  heard(frame: Frame, now: number): boolean {
    this.#heardAt = now
    if (frame === PING) this.#write(PONG)
    return frame === PING || frame === PONG
  }

  send(message: EdgeControlMessage): void {
    this.#write(JSON.stringify(message))
  }

  goAway(retryAfterMs: number): void {
    this.send({ type: 'goaway', retryAfterMs })
    this.close(CLOSE_RESUME, 'goaway')
  }

  close(code: number, reason: string): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.socket.close(code, reason)
  }

  #write(text: string): void {
    if (!this.#isOpen) return
    if (this.socket.bufferedAmount > MAX_SOCKET_BUFFER_BYTES) return this.close(CLOSE_RESUME, 'too slow')
    try {
      this.socket.send(text)
    } catch (error) {
      if (!isTeardownRace(error)) throw error
    }
  }
}

export function readControl(frame: Frame): ReturnType<typeof decode<NodeControlMessage>> {
  if (typeof frame === 'string') return decode(NodeControlMessage, frame, MAX_NODE_MESSAGE_BYTES)
  return { ok: false, fault: { code: 'invalid_message', issues: ['audio on the control socket'] } }
}
