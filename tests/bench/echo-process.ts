// A WebSocket server that sends every message back: what a relay is measured against. Forked by relay.ts.
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type RawData } from 'ws'
import { serveParent } from './child.ts'

export interface EchoFacts {
  port: number
}

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
await new Promise((resolve) => server.once('listening', resolve))
server.on('connection', (socket) => {
  socket.on('error', () => {})
  socket.on('message', (content: RawData, isBinary: boolean) => socket.send(content, { binary: isBinary }))
})

serveParent({
  ready: { port: (server.address() as AddressInfo).port },
  stop: () => new Promise((resolve) => server.close(() => resolve())),
})
