// The HTTP server of the edge on Node, with the WebSocket server on the same port. Closes in an order in which peers learn
// why, and within a bound. Knows no route.
import type { Server, ServerOptions } from 'node:http'
import { createServer as createSecureServer, Server as SecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import type { Hono } from 'hono'
import { isUpgrade } from '#edge/http/plumbing/request-log.ts'
import type { Clock } from '#shared/clock.ts'
import { type FaultError, invalid } from '#shared/fault.ts'
import type { Log } from '#shared/log.ts'
import type { ConnectionGate } from './connection-gate.ts'
import { readTlsPair, watchTlsPair, type TlsFiles, type TlsPair } from './tls.ts'
import { createWebSocketServer, withRefusalBodies } from './upgrades.ts'

/** The closing handshake of a socket whose peer may be gone. */
const SOCKET_CLOSE_MS = 1_000
/** RFC 6455 §7.4.1: going away. The far ends dial again. */
const CLOSE_GOING_AWAY = 1001
/** A call takes two connections (caller and node); this is far above a machine's calls and below its file descriptors. */
const MAX_CONNECTIONS = 8_192

/** For peers that send their request byte by byte, only to hold a connection. */
export interface Patience {
  headersMs: number
  requestMs: number
  /** How often Node looks for those that are over. */
  checkEveryMs: number
}
/** The longest body, a blob of 10 MiB, takes 84 s on a line of 1 Mbit/s. */
const PATIENCE: Patience = { headersMs: 10_000, requestMs: 120_000, checkEveryMs: 5_000 }

export interface HttpServerOptions {
  host: string
  port: number
  clock: Clock
  log: Log
  /** Undefined for plain HTTP. */
  tls?: TlsFiles | undefined
  patience?: Patience
  /** Bounds the connections of one address. */
  gate?: Pick<ConnectionGate, 'watch'>
}

export interface HttpServer {
  /** e.g. http://127.0.0.1:8787 */
  url: string
  close(): Promise<void>
}

/** Resolves once it listens. Throws FaultError invalid_message when the address cannot be had. */
export async function openHttpServer(
  fetch: Hono['fetch'],
  { host, port, clock, log, tls, gate, patience = PATIENCE }: HttpServerOptions,
): Promise<HttpServer> {
  const sockets = createWebSocketServer()
  const pair = tls && readTlsPair(tls)
  const serverOptions = { ...serverOptionsOf(patience), ...pair }
  const options = {
    fetch: withRefusalBodies(fetch),
    port,
    hostname: host,
    serverOptions,
    websocket: { server: sockets },
    ...(pair && { createServer: createSecureServer }),
  }
  // With these options serve() makes an HTTP/1.1 server.
  const server = serve(options) as Server | SecureServer
  server.maxConnections = MAX_CONNECTIONS
  gate?.watch(server)
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve)
    server.once('error', (cause: NodeJS.ErrnoException) => reject(cannotListen(cause, host, port)))
  })
  const bound = server.address() as AddressInfo
  const url = `${tls ? 'https' : 'http'}://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`
  const stopWatching = tls ? watchTlsPair(tls, { clock, log, onChange: (next) => setPair(server, next) }) : () => {}
  return {
    url,
    async close() {
      stopWatching()
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

/** Of the next connections; those that are open keep theirs. */
function setPair(server: Server | SecureServer, pair: TlsPair): void {
  if (server instanceof SecureServer) server.setSecureContext(pair)
}

/**
 * Any other protocol that a peer wants to upgrade to is ignored (RFC 9110 §7.8) and its request answered as a plain one:
 * Node would hand its socket over to nobody, unbounded in time and without anyone to hear its errors.
 */
function serverOptionsOf({ headersMs, requestMs, checkEveryMs }: Patience): ServerOptions {
  return {
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: checkEveryMs,
    shouldUpgradeCallback: ({ headers }) => isUpgrade(headers.upgrade),
  }
}

function cannotListen(cause: NodeJS.ErrnoException, host: string, port: number): FaultError {
  const why = cause.code === 'EADDRINUSE' ? 'is in use by another program' : `cannot be opened (${cause.code})`
  return invalid(`PORT: ${port} on ${host} ${why}`, { cause })
}
