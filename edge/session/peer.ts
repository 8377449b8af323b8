// One socket of a session room, as long as it counts: when it was last heard, and that it never holds too much.
// Used by session-room.ts. Knows no message but the heartbeat.
import type { RoomSocket } from '#edge/ports.ts'
import type { Frame } from '#shared/link/frame.ts'
import { isTeardownRace } from '#shared/link/socket.ts'
import { CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import { PING, PONG } from '#shared/protocol/decode.ts'
import { MAX_SOCKET_BUFFER_BYTES } from '#shared/protocol/limits.ts'

/** Whose socket, and for a resume the highest number that its end has received. */
export interface Seat {
  is: 'caller' | 'node'
  resumedFrom: number | undefined
}

export class Peer {
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

  /** When its silence will count as death. */
  get deadAt(): number {
    return this.#heardAt + this.#deadAfterMs
  }

  /** Notes a sign of life; true when the frame was nothing more than that. */
  heard(frame: Frame, now: number): boolean {
    this.#heardAt = now
    if (frame === PING) this.send(PONG)
    return frame === PING || frame === PONG
  }

  /** Closes the socket instead where too much waits in it already: nothing is lost, the link sends it again. */
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
