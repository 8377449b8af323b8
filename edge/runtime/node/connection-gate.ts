// Bounds the connections of one network address, and the sockets of one user, on Node: without it one address could hold every
// connection that the server has. A connection counts by its address until it is a socket of somebody who has shown who he is; then it
// counts by him, since a school shares one address. Those of trusted proxies are theirs to bound. Knows no route.
//
// On Workers the platform holds what is idle or silent before anything of ours runs. There a user's new sockets are bounded by their rate
// (DIALS in connect.ts) and by the time that each has for its session.start.
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { countedAddress } from '#edge/limits/counted-address.ts'
import {
  createConnectionCounts,
  type ConnectionBounds,
  type CountedConnection,
} from '#edge/limits/connection-counts.ts'
import type { Metrics } from '#edge/ports.ts'
import type { CallerAdmission, RoomSocket } from '#edge/rooms-ports.ts'
import { FaultError } from '#shared/fault.ts'
import type { Seating } from './rooms.ts'

/** A browser's page opens six at once, and a school's pupils share one address. A client that waits to begin has its session in a second. */
export const CONNECTION_BOUNDS: ConnectionBounds = { waiting: 32, all: 256 }
/** A socket that waits for its session has 10 s for it (START_TIMEOUT_MS). */
const RETRY_AFTER_MS = 5_000

export interface ConnectionGate {
  /** Counts each connection of the server by its address, and hangs up on one too many. */
  watch(server: Server): void
  /** Seats a caller's socket, which counts by its user from now on. Throws FaultError rate_limited, or what `ask` throws. */
  admitCaller(socket: Socket, admission: CallerAdmission, ask: () => Promise<Seating>): Promise<Seating>
  /** A node's socket counts by no address any more: its token has shown whose it is. */
  admitNode(socket: Socket): void
}

export interface GateOptions {
  bounds?: ConnectionBounds | undefined
  isTrustedProxy: (address: string) => boolean
  metrics: Pick<Metrics, 'count'>
}

export function createConnectionGate({
  bounds = CONNECTION_BOUNDS,
  isTrustedProxy,
  metrics,
}: GateOptions): ConnectionGate {
  const addresses = createConnectionCounts(bounds)
  const users = createConnectionCounts(bounds)
  /** By both ends of the connection: over TLS the request's socket is another object than the one that was accepted. */
  const open = new Map<string, CountedConnection>()
  const tooMany = (where: string): void => metrics.count('faults', { code: 'rate_limited', where })

  const accept = (socket: Socket): void => {
    const { remoteAddress = 'unknown' } = socket
    if (isTrustedProxy(remoteAddress)) return
    const held = addresses.open(countedAddress(remoteAddress))
    if (!held) {
      tooMany('connections')
      socket.destroy()
      return
    }
    const name = nameOf(socket)
    open.set(name, held)
    socket.once('close', () => {
      held.end()
      open.delete(name)
    })
  }

  return {
    watch(server) {
      server.on('connection', accept)
      const begun = ({ socket }: { socket: Socket }): void => open.get(nameOf(socket))?.begun()
      server.on('request', begun)
      server.on('upgrade', begun)
    },
    async admitCaller(socket, admission, ask) {
      // A resume names no user. Its session has one caller's socket, and its token was shown to be right before it is seated.
      const held = users.open(admission.type === 'new' ? admission.caller.userId : admission.sessionId)
      if (!held) {
        tooMany('sockets')
        throw new FaultError({ code: 'rate_limited', retryAfterMs: RETRY_AFTER_MS })
      }
      socket.once('close', () => held.end())
      if (admission.type === 'resume') held.begun()
      const seating = await ask()
      open.get(nameOf(socket))?.end()
      return (own) => seating(tellingOfSession(own, () => held.begun()))
    },
    admitNode: (socket) => open.get(nameOf(socket))?.end(),
  }
}

const nameOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`

/** The room's own words: nothing that a caller says is in a message that precedes it. */
const SESSION_BEGINS = /"type":"session\.(ready|created)"/

/** The same socket, which tells once when its session has begun. */
function tellingOfSession(socket: RoomSocket, onBegun: () => void): RoomSocket {
  let isWaiting = true
  return {
    send(frame) {
      if (isWaiting && typeof frame === 'string' && SESSION_BEGINS.test(frame)) {
        isWaiting = false
        onBegun()
      }
      socket.send(frame)
    },
    close: (code, reason) => socket.close(code, reason),
    get bufferedAmount() {
      return socket.bufferedAmount
    },
    get heardAt() {
      return socket.heardAt
    },
  }
}
