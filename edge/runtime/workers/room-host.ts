// What both objects need to host a room: an alarm that is written rarely, and their runtime's sockets as the room wants
// them. Knows nothing of what a room does. An object needs no mailbox: it runs one event at a time.
import type { RoomSocket } from '#edge/rooms-ports.ts'
import type { Frame } from '#shared/link/frame.ts'

/** RFC 6455 §7.4.1: message too big. */
const CLOSE_TOO_BIG = 1009

/** The part of an object's storage that is used here. */
interface AlarmStorage {
  setAlarm(at: number, options: { allowUnconfirmed: boolean }): Promise<void>
}

/**
 * The one alarm of an object. It is kept on disk, so it also wakes an object that sleeps or was lost. Each setting is a write,
 * so a later time leaves it as it is: an alarm that rings early only looks at the clock and is set anew.
 */
export class Alarm {
  readonly #storage: AlarmStorage
  #at = Infinity

  constructor(storage: AlarmStorage) {
    this.#storage = storage
  }

  set(at: number | undefined): void {
    if (at === undefined || at >= this.#at) return
    this.#at = at
    // What the room says meanwhile does not wait for the disk.
    void this.#storage.setAlarm(at, { allowUnconfirmed: true })
  }

  /** To be called first when it rings. */
  rang(): void {
    this.#at = Infinity
  }
}

/** `heardAt`: when the runtime last answered a heartbeat of this socket by itself. */
export function roomSocket(socket: WebSocket, heardAt: () => number | undefined = () => undefined): RoomSocket {
  return {
    send: (frame) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(frame)
    },
    close: (code, reason) => socket.close(code, reason),
    get bufferedAmount() {
      // Some kinds of socket do not know it. One that is too slow then falls silent, and silence is noticed.
      return socket.bufferedAmount ?? 0
    },
    get heardAt() {
      return heardAt()
    },
  }
}

/** Undefined for a frame that is larger than this end may send: its socket is then closed, as on the Node host. */
export function frameOf(socket: WebSocket, content: string | ArrayBuffer, maxBytes: number): Frame | undefined {
  const bytes = typeof content === 'string' ? content.length : content.byteLength
  if (bytes <= maxBytes) return typeof content === 'string' ? content : new Uint8Array(content)
  socket.close(CLOSE_TOO_BIG, 'message too big')
  return undefined
}
