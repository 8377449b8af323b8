// Brings sockets into their rooms on Node: asks the room first, then upgrades, then hands every frame over as it came.
// Made in start-edge.ts. The `ws` object is used directly: one listener, no copy to an event, no compression of audio.
import { STATUS_CODES, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { upgradeWebSocket, type HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import type { Upgrades } from '#edge/rooms-ports.ts'
import type { Frame } from '#shared/link/frame.ts'
import { MAX_MESSAGE_BYTES, MAX_SOCKET_MESSAGE_BYTES } from '#shared/protocol/limits.ts'
import { chosenProtocol } from '#shared/protocol/version.ts'
import type { ConnectionGate } from './connection-gate.ts'
import type { Rooms, Seating } from './rooms.ts'
import { SocketWriter } from './socket-writer.ts'

/** For the closing handshake; a peer that is gone never answers it. */
const CLOSE_TIMEOUT_MS = 2_000
/** What may still be on its way from an honest peer whose socket was closed from here. Then nothing more is read. */
const MAX_LATE_FRAMES = 256
const MAX_LATE_BYTES = 1024 * 1024
/** So many frames in so short a time are no call's: other sockets have their turn before the next ones are read. */
const FRAMES_A_TURN = 64
const TURN_MS = 50

/** The largest message of a socket that is about to be opened, by its request. */
const largestOf = new WeakMap<IncomingMessage, number>()

/** The server that @hono/node-server's serve() is given as `websocket.server`. */
export function createWebSocketServer(): WebSocketServer {
  const options = {
    noServer: true,
    // PCM does not compress, and deflate was measured to take eight ninths of the relay's rate.
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    closeTimeout: CLOSE_TIMEOUT_MS,
    // Only the wire's name is echoed, never a ticket or a token that rides beside it.
    handleProtocols: (offered: Set<string>) => chosenProtocol([...offered]) ?? (false as const),
  }
  return new BoundedServer(options)
}

/** `ws` knows one bound for all sockets of a server, and reads it while it completes an upgrade, before this call returns. */
class BoundedServer extends WebSocketServer {
  override handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    done: (client: WebSocket, request: IncomingMessage) => void,
  ): void {
    this.options.maxPayload = largestOf.get(request) ?? MAX_MESSAGE_BYTES
    super.handleUpgrade(request, socket, head, done)
  }
}

export function createUpgrades(rooms: Rooms, gate: Gate = NO_GATE): Upgrades {
  return {
    caller: async (c, admission) =>
      upgrade(c, await gate.admitCaller(socketOf(c), admission, () => rooms.admitCaller(admission))),
    nodeControl: (c, node) => {
      gate.admitNode(socketOf(c))
      return upgradeNode(c, rooms.admitControl(node))
    },
    nodeSession: async (c, admission) => {
      const seating = await rooms.admitNode(admission)
      gate.admitNode(socketOf(c))
      return upgradeNode(c, seating)
    },
  }
}

type Gate = Omit<ConnectionGate, 'watch'>
const NO_GATE: Gate = { admitCaller: (_socket, _admission, ask) => ask(), admitNode: () => {} }
const socketOf = (c: Context): Socket => (c.env as HttpBindings).incoming.socket

/**
 * The server drops the body of a refused upgrade; a peer should read why it was refused. Wraps the app's fetch: writes
 * the whole answer to the socket itself, after which the server finds the socket closed and leaves it alone.
 */
export function withRefusalBodies<E>(fetch: (request: Request, env: E) => Response | Promise<Response>) {
  return async (request: Request, env: E): Promise<Response> => {
    const response = await fetch(request, env)
    const socket = (env as { incoming?: { socket?: Socket } } | undefined)?.incoming?.socket
    if (response.ok || request.headers.get('upgrade')?.toLowerCase() !== 'websocket' || !socket?.writable)
      return response
    const body = Buffer.from(await response.clone().arrayBuffer())
    const head = [`HTTP/1.1 ${response.status} ${STATUS_CODES[response.status] ?? ''}`, 'connection: close']
    for (const [name, value] of response.headers) if (name !== 'content-length') head.push(`${name}: ${value}`)
    head.push(`content-length: ${body.byteLength}`, '', '')
    await new Promise<void>((resolve) => {
      socket.once('close', resolve)
      socket.end(Buffer.concat([Buffer.from(head.join('\r\n')), body]), () => socket.destroy())
    })
    return response
  }
}

function upgradeNode(c: Context, seating: Seating): Promise<Response> {
  largestOf.set((c.env as HttpBindings).incoming, MAX_SOCKET_MESSAGE_BYTES)
  return upgrade(c, seating)
}

function upgrade(c: Context, seating: Seating): Promise<Response> {
  return upgradeWebSocket(c, {
    onOpen: (_event, { raw }) => {
      // Typed as the least that the adapter needs; it is the `ws` socket of the server above.
      if (raw instanceof WebSocket) seatSocket(raw, socketOf(c), seating)
    },
  })
}

function seatSocket(socket: WebSocket, stream: Duplex, seating: Seating): void {
  const seated = seating(new SocketWriter(socket, stream))
  let [frames, turnAt, lateFrames, lateBytes] = [0, 0, 0, 0]
  const isLate = (): boolean => lateFrames > MAX_LATE_FRAMES || lateBytes > MAX_LATE_BYTES
  const goOn = (): void => {
    if (!isLate()) socket.resume()
  }
  const onMessage = (content: RawData, isBinary: boolean): void => {
    if (socket.readyState === WebSocket.OPEN) {
      seated.message(frameOf(content, isBinary))
      frames += 1
      if (frames % FRAMES_A_TURN !== 0) return
      const now = performance.now()
      if (now - turnAt < TURN_MS) {
        socket.pause()
        setImmediate(goOn)
      }
      turnAt = now
      return
    }
    lateFrames += 1
    // Each frame is one buffer, unless ws is told otherwise.
    lateBytes += (content as Buffer).byteLength
    // Its goodbye is read no more either: the handshake times out, and the socket is destroyed.
    if (isLate()) socket.pause()
  }
  socket.on('message', onMessage)
  // The adapter, which listens once this has returned, hands nothing on here. A second listener has its price at every frame.
  queueMicrotask(() => socket.removeAllListeners('message').on('message', onMessage))
  socket.on('close', (code) => seated.close(code))
  // A close event follows every error, and says all that a room needs.
  socket.on('error', () => {})
}

/**
 * `ws` gives a view on the bytes of one TCP read, and the link keeps the frame. A view that is most of its read is kept as it
 * is: a call's frames come one in a read, and are not copied. A smaller view is copied, or it would keep the whole read alive.
 */
export function frameOf(content: RawData, isBinary: boolean): Frame {
  if (content instanceof ArrayBuffer) return isBinary ? new Uint8Array(content) : Buffer.from(content).toString()
  const bytes = Array.isArray(content) ? Buffer.concat(content) : content
  if (!isBinary) return bytes.toString()
  const { buffer, byteOffset, byteLength } = bytes
  const isMostOfItsRead = buffer instanceof ArrayBuffer && byteLength * 2 >= buffer.byteLength
  return isMostOfItsRead ? new Uint8Array(buffer, byteOffset, byteLength) : new Uint8Array(bytes)
}
