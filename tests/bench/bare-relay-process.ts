// The least relay that can be: a `ws` server that hands each message of a near socket to its far one and back, and does nothing
// else. Both ends dial it, as caller and node dial the edge. Forked by relay.ts: what the edge's own work is measured against.
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type RawData, type WebSocket } from 'ws'
import { serveParent } from './child.ts'

export interface BareRelayFacts {
  /** Where the far end dials; the first near socket meets the first far one, and so on. */
  farUrl: string
  nearUrl: string
}

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
await new Promise((resolve) => server.once('listening', resolve))
/** Far sockets whose near one has not come yet. */
const waiting: WebSocket[] = []
server.on('connection', (socket, request) => {
  socket.on('error', () => {})
  if (request.url === '/far') return void waiting.push(socket)
  const far = waiting.shift()
  if (!far) return socket.terminate()
  pass(socket, far)
  pass(far, socket)
})

function pass(from: WebSocket, to: WebSocket): void {
  from.on('message', (content: RawData, isBinary: boolean) => to.send(content, { binary: isBinary }))
  from.on('close', () => to.terminate())
}

const base = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
const ready: BareRelayFacts = { farUrl: `${base}/far`, nearUrl: `${base}/near` }
serveParent({ ready, stop: () => new Promise((resolve) => server.close(() => resolve())) })
