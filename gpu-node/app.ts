// GET /health, GET /status and GET /metrics of one node, for the person at the machine. On the loopback interface only, and only when NODE_PORT
// is set: callers and the edge never come here.
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import type { NodeStatus } from '#shared/protocol/node-messages.ts'
import type { SpeechCacheStats } from '#gpu-node/engines/speech-cache/speech-cache.ts'

/** What the app may ask of the node. */
export interface NodeView {
  control: { readonly isWelcome: boolean }
  sessions: { readonly isDraining: boolean }
  outbox: { count(): Promise<number> }
  status(): NodeStatus
  /** Speech that came from the disk, and that did not; undefined where nothing is cached. */
  speechCache(): SpeechCacheStats | undefined
  safety: { text(): string }
}

export function createNodeApp(node: NodeView): Hono {
  const app = new Hono()
  app.get('/health', (c) => {
    const engines = node.status().engines
    const isHealthy = node.control.isWelcome && engines.every(({ ready }) => ready)
    const models = Object.fromEntries(engines.map(({ role, name, ready }) => [role, { name, ready }]))
    return c.json({ status: isHealthy ? 'healthy' : 'degraded', edge: node.control.isWelcome, models })
  })
  app.get('/status', async (c) => {
    const { isDraining } = node.sessions
    const outbox = await node.outbox.count()
    const speechCache = node.speechCache()
    return c.json({ ...node.status(), isDraining, edge: node.control.isWelcome, outbox, speechCache })
  })
  app.get('/metrics', (c) => c.text(node.safety.text(), 200, { 'content-type': 'text/plain; version=0.0.4' }))
  return app
}

/** `port` 0 takes any free one. */
export async function serveStatus(port: number, node: NodeView): Promise<{ port: number; stop(): Promise<void> }> {
  const server = createAdaptorServer({ fetch: createNodeApp(node).fetch }) as Server
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const stop = async (): Promise<void> => {
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  return { port: (server.address() as AddressInfo).port, stop }
}
