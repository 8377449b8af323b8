// Connects to the edge once: one WebSocket, from dial to end. Whoever wants it kept uses Dialler.
// Knows sockets and headers; knows no message and no retry.
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { RawData } from 'ws'
import { WebSocket } from 'ws'
import { invariant } from '#shared/invariant.ts'
import type { Frame } from '#shared/link/frame.ts'
import { isTeardownRace } from '#shared/link/socket.ts'
import { MAX_SOCKET_MESSAGE_BYTES } from '#shared/protocol/limits.ts'
import type { ConnectionEnd } from './refusal.ts'
import { MAX_REFUSAL_BYTES, readRefusal } from './refusal.ts'

/** DNS, TCP, TLS and upgrade: over mobile uplinks about a second; after five the edge is not there. */
const HANDSHAKE_TIMEOUT_MS = 5_000
/** Time for the closing handshake before the TCP connection is cut. */
const CLOSE_TIMEOUT_MS = 1_000

export interface Address {
  url: string
  /** The subprotocol, then secrets that ride along. */
  protocols: string[]
  token: string
}

/** An open connection. After its end both calls are harmless. */
export interface Connection {
  send: (frame: Frame) => void
  /** With the closing handshake; `onEnd` follows. */
  close(code: number, reason: string): void
  /** At once, for a peer that no longer answers; `onEnd` follows. */
  cut(): void
}

export interface ConnectionEvents {
  onOpen: (connection: Connection) => void
  onFrame: (frame: Frame) => void
  /** Exactly once, also when it never opened. */
  onEnd: (end: ConnectionEnd) => void
}

/** Starts a connection. No event comes before it has returned. */
export function connectOnce(address: Address, events: ConnectionEvents): Connection {
  const socket = new WebSocket(address.url, address.protocols, {
    headers: { authorization: `Bearer ${address.token}` },
    // Audio does not compress, and a shared window would cost memory for each call.
    perMessageDeflate: false,
    maxPayload: MAX_SOCKET_MESSAGE_BYTES,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  })
  const connection = wrap(socket)
  let wasOpen = false
  let failure: string | undefined
  let refusal: ConnectionEnd | undefined
  socket.on('open', () => {
    wasOpen = true
    events.onOpen(connection)
  })
  socket.on('message', (content, isBinary) => events.onFrame(frameOf(content, isBinary)))
  socket.on('unexpected-response', (_request, response) => {
    void readAnswer(response).then((read) => {
      refusal = read
      // Emits the error of a connection that was never made, and then close.
      socket.terminate()
    })
  })
  socket.on('error', (error) => {
    failure = error.message
  })
  socket.on('close', (closeCode, reason) => {
    const text = failure ?? `closed with ${closeCode} ${reason.toString()}`.trim()
    events.onEnd(refusal ?? { wasOpen, closeCode: wasOpen ? closeCode : undefined, reason: text })
  })
  return connection
}

function wrap(socket: WebSocket): Connection {
  let stream: Socket | undefined
  let isGathering = false
  socket.on('upgrade', (response) => {
    stream = response.socket
  })
  const leave = (): void => {
    isGathering = false
    stream?.uncork()
  }
  // What is said in one turn of the event loop leaves in one write: a frame, and the acknowledgement that rides along.
  const gather = (): void => {
    if (!stream || isGathering) return
    isGathering = true
    stream.cork()
    process.nextTick(leave)
  }
  return {
    send: (frame) => {
      try {
        if (socket.readyState !== WebSocket.OPEN) return
        gather()
        socket.send(frame)
      } catch (error) {
        if (!isTeardownRace(error)) throw error
      }
    },
    close: (code, reason) => {
      const timer = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS)
      socket.once('close', () => clearTimeout(timer))
      socket.close(code, reason)
    },
    cut: () => socket.terminate(),
  }
}

/** ws gives text as bytes, too. Audio stays a view of what the socket read: whoever takes it copies what he keeps. */
function frameOf(content: RawData, isBinary: boolean): Frame {
  invariant(Buffer.isBuffer(content), 'a socket of binaryType nodebuffer gives buffers')
  if (!isBinary) return content.toString()
  const { buffer, byteOffset, byteLength } = content
  return buffer instanceof ArrayBuffer ? new Uint8Array(buffer, byteOffset, byteLength) : new Uint8Array(content)
}

async function readAnswer(response: IncomingMessage): Promise<ConnectionEnd> {
  const parts: Buffer[] = []
  let length = 0
  try {
    for await (const part of response) {
      parts.push(part as Buffer)
      length += parts.at(-1)?.length ?? 0
      if (length > MAX_REFUSAL_BYTES) break
    }
  } catch {
    // The status is known; a body that broke off says nothing more.
  }
  const body = Buffer.concat(parts).toString()
  return readRefusal(response.statusCode ?? 0, response.headers['retry-after'], body)
}
