// The HTTP server of the edge on Node, with the WebSocket server on the same port. Closes in an order in which peers learn
// why, and within a bound. Knows no route.
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import type { Hono } from 'hono'
import type { Clock } from '#shared/clock.ts'
import { FaultError } from '#shared/fault.ts'
import { createWebSocketServer, withRefusalBodies } from './upgrades.ts'

/** The closing handshake of a socket whose peer may be gone. */
const SOCKET_CLOSE_MS = 1_000
/** RFC 6455 §7.4.1: going away. The far ends dial again. */
const CLOSE_GOING_AWAY = 1001

export interface HttpServer {
  /** e.g. http://127.0.0.1:8787 */
  url: string
  close(): Promise<void>
}

/** Resolves once it listens. Throws FaultError invalid_message when the address cannot be had. */
export async function openHttpServer(
  fetch: Hono['fetch'],
  { host, port, clock }: { host: string; port: number; clock: Clock },
): Promise<HttpServer> {
  const sockets = createWebSocketServer()
  const options = { fetch: withRefusalBodies(fetch), port, hostname: host, websocket: { server: sockets } }
  // Without further options serve() makes a plain HTTP/1.1 server.
  const server = serve(options) as Server
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve)
    server.once('error', (cause: NodeJS.ErrnoException) => reject(cannotListen(cause, host, port)))
  })
  const bound = server.address() as AddressInfo
  const url = `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`
  return {
    url,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets.clients) socket.close(CLOSE_GOING_AWAY, 'shutdown')
      const stopWaiting = clock.after(SOCKET_CLOSE_MS, () => {
        for (const socket of sockets.clients) socket.terminate()
        server.closeAllConnections()
      })
      server.closeIdleConnections()
      await closed
      stopWaiting()
    },
  }
}

function cannotListen(cause: NodeJS.ErrnoException, host: string, port: number): FaultError {
  const why = cause.code === 'EADDRINUSE' ? 'is in use by another program' : `cannot be opened (${cause.code})`
  return new FaultError({ code: 'invalid_message', issues: [`PORT: ${port} on ${host} ${why}`] }, { cause })
}
