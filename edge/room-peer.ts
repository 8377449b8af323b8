// One socket of a room, as long as it counts: when its peer was last heard, and that it never holds too much. Used by
// both rooms (edge/session, edge/fleet). Knows no message but the heartbeat.
import type { Frame } from '#shared/link/frame.ts'
import { isTeardownRace } from '#shared/link/socket.ts'
import { CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import { PING, PONG } from '#shared/protocol/decode.ts'
import { MAX_SOCKET_BUFFER_BYTES } from '#shared/protocol/limits.ts'
import type { RoomSocket } from './rooms-ports.ts'

export class RoomPeer {
  readonly socket: RoomSocket
  readonly #deadAfterMs: number
  #heardAt: number
  #isOpen = true

  constructor(socket: RoomSocket, now: number, deadAfterMs: number) {
    this.socket = socket
    this.#heardAt = now
    this.#deadAfterMs = deadAfterMs
  }

  /** False once it was closed from here: the room then counts it as lost. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** When its silence will count as death. The socket may have heard its peer after this room did. */
  get deadAt(): number {
    return Math.max(this.#heardAt, this.socket.heardAt ?? 0) + this.#deadAfterMs
  }

  /** Notes a sign of life; true when the frame was nothing more than that. */
  heard(frame: Frame, now: number): boolean {
    this.#heardAt = now
    if (frame === PING) this.send(PONG)
    return frame === PING || frame === PONG
  }

  /**
   * Closes the socket instead where too much waits in it already: nothing is lost, its peer comes back and gets it
   * again.
   */
  send(frame: Frame): void {
    if (!this.#isOpen) return
    if (this.socket.bufferedAmount > MAX_SOCKET_BUFFER_BYTES) return this.close(CLOSE_RESUME, 'too slow')
    try {
      this.socket.send(frame)
    } catch (error) {
      if (!isTeardownRace(error)) throw error
    }
  }

  close(code: number, reason: string): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.socket.close(code, reason)
  }
}
