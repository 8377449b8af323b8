// Sends a room's frames over its WebSocket on Node: what is said to one peer in one turn of the event loop leaves in one write, as
// one buffer. A system call costs more than all else that is done for a frame, and `ws` gives header and payload to the socket
// one by one. Used by upgrades.ts; its own answers (close, pong) `ws` writes itself.
import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import type { Frame } from '#shared/link/frame.ts'

/** So much is not put together any more before it is written: a resumed peer may get megabytes again. */
const MAX_GATHERED_BYTES = 64 * 1024

/** RFC 6455 §5.2: FIN and the opcode of a whole message. */
const TEXT = 0x81
const BINARY = 0x82
/** The largest length that the header's second byte holds, and the largest that two more bytes hold. */
const MAX_SHORT = 125
const MAX_MEDIUM = 0xffff
const SHORT_HEADER_BYTES = 2
const MEDIUM_HEADER_BYTES = 4
const LONG_HEADER_BYTES = 10

export class SocketWriter {
  readonly #socket: WebSocket
  readonly #stream: Duplex
  #waiting: Frame[] = []
  #waitingBytes = 0

  /** `stream`: what `ws` itself writes to. Nothing on it is compressed, and a server masks nothing. */
  constructor(socket: WebSocket, stream: Duplex) {
    this.#socket = socket
    this.#stream = stream
  }

  /** Bytes that have not left yet. */
  get bufferedAmount(): number {
    return this.#socket.bufferedAmount + this.#waitingBytes
  }

  /** A frame for a socket that is not open is dropped. */
  send(frame: Frame): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return
    // Before the code that runs next in this turn is done, `ws` reads no other frame of it.
    if (this.#waiting.length === 0) process.nextTick(flush, this)
    this.#waiting.push(frame)
    this.#waitingBytes += LONG_HEADER_BYTES + payloadBytes(frame)
    if (this.#waitingBytes > MAX_GATHERED_BYTES) this.flush()
  }

  /** What was sent before leaves first. */
  close(code: number, reason: string): void {
    this.flush()
    this.#socket.close(code, reason)
  }

  flush(): void {
    if (this.#waiting.length === 0) return
    const frames = this.#waiting
    const bytes = Buffer.allocUnsafe(this.#waitingBytes)
    this.#waiting = []
    this.#waitingBytes = 0
    // The peer may have closed it meanwhile: nothing follows a close frame.
    if (this.#socket.readyState !== WebSocket.OPEN) return
    let at = 0
    for (const frame of frames) at = put(frame, bytes, at)
    this.#stream.write(bytes.subarray(0, at))
  }
}

const flush = (writer: SocketWriter): void => writer.flush()

const payloadBytes = (frame: Frame): number => (typeof frame === 'string' ? Buffer.byteLength(frame) : frame.byteLength)

/** Writes one message (RFC 6455 §5.2) and gives where it ends. */
function put(frame: Frame, into: Buffer, start: number): number {
  const length = payloadBytes(frame)
  let at = start
  into[at] = typeof frame === 'string' ? TEXT : BINARY
  if (length <= MAX_SHORT) {
    into[at + 1] = length
    at += SHORT_HEADER_BYTES
  } else if (length <= MAX_MEDIUM) {
    into[at + 1] = MAX_SHORT + 1
    into[at + 2] = length >>> 8
    into[at + 3] = length & 0xff
    at += MEDIUM_HEADER_BYTES
  } else {
    into[at + 1] = MAX_SHORT + 2
    into.writeBigUInt64BE(BigInt(length), at + 2)
    at += LONG_HEADER_BYTES
  }
  if (typeof frame === 'string') into.write(frame, at)
  else into.set(frame, at)
  return at + length
}
