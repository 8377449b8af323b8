// An edge over real sockets on 127.0.0.1, with its store in memory: what the tests of connect and relay stand on.
// Ends with close(), which leaves nothing behind.
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { createApp } from '#edge/app.ts'
import type { EdgePorts, Metrics } from '#edge/ports.ts'
import { createRooms, type Rooms } from '#edge/runtime/node/rooms.ts'
import { createUpgrades, createWebSocketServer, withRefusalBodies } from '#edge/runtime/node/upgrades.ts'
import { systemClock, type Clock } from '#shared/clock.ts'
import { silentLog } from '#shared/log.ts'
import { createMemoryStore, type MemoryStore } from '#tests/fakes/memory-store.ts'
import { ScriptedCaller } from '#tests/fakes/scripted-caller.ts'
import { ScriptedNode, type ScriptedNodeOptions } from '#tests/fakes/scripted-node.ts'

export const silentMetrics: Metrics = {
  count: () => {},
  observe: () => {},
  set: () => {},
  text: () => Promise.resolve(''),
  contentType: 'text/plain',
}

export interface World {
  url: string
  store: MemoryStore
  rooms: Rooms
  /** The key of a caller who may talk. */
  key: string
  ticket(): Promise<string>
  caller(): Promise<ScriptedCaller>
  node(options?: Partial<ScriptedNodeOptions>): Promise<ScriptedNode>
  /** Sockets that are open at the edge. */
  sockets(): number
  close(): Promise<void>
}

export async function startWorld(clock: Clock = systemClock): Promise<World> {
  const store = createMemoryStore()
  const rooms = createRooms({ clock, log: silentLog, store, metrics: silentMetrics })
  const app = createApp({
    clock,
    log: silentLog,
    store,
    limits: createFakeLimits(),
    metrics: silentMetrics,
    fleet: rooms.fleet,
    sessions: rooms.sessions,
    upgrades: createUpgrades(rooms),
    settings: {
      version: '0.0.0',
      metricsToken: undefined,
      signingSecret: 'a'.repeat(43),
      publicOrigin: undefined,
      runtime: 'test',
      startedAt: 0,
    },
    addressOf: () => '127.0.0.1',
  })
  const wss = createWebSocketServer()
  const server = serve({
    fetch: withRefusalBodies(app.fetch),
    port: 0,
    hostname: '127.0.0.1',
    websocket: { server: wss },
  })
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { key } = await store.keys.createKey({ name: 'test', scopes: ['talk'], now: 0 })
  const stops: Array<() => void> = []

  return {
    url,
    store,
    rooms,
    key,
    ticket: async () => {
      const headers = { authorization: `Bearer ${key}` }
      const answer = await fetch(`${url.replace('ws:', 'http:')}/api/tickets`, { method: 'POST', headers })
      return ((await answer.json()) as { ticket: string }).ticket
    },
    caller: async () => {
      const caller = new ScriptedCaller(url)
      stops.push(() => caller.close())
      return caller.connect({ authorization: `Bearer ${key}` })
    },
    node: async (options) => {
      const { token } = await store.nodes.addNode({ name: options?.name ?? 'scripted', now: 0 })
      const node = new ScriptedNode({ edgeUrl: url, token, ...options })
      stops.push(() => node.die())
      return node.join()
    },
    sockets: () => wss.clients.size,
    close: async () => {
      for (const stop of stops) stop()
      for (const socket of wss.clients) socket.terminate()
      await rooms.shutdown()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function createFakeLimits(): EdgePorts['limits'] {
  const secrets = new Map<string, { claim: string; expiresAt: number }>()
  return {
    take: () => Promise.resolve({ ok: true, retryAfterMs: 0 }),
    mint: async (hash, claim, expiresAt) => void secrets.set(hash, { claim, expiresAt }),
    burn: async (hash, now) => {
      const found = secrets.get(hash)
      secrets.delete(hash)
      return found && found.expiresAt > now ? found.claim : undefined
    },
  }
}
