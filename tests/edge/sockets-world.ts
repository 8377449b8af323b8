// An edge over real sockets on 127.0.0.1, on the host of the project: what the tests of connect and relay stand on. On Node its
// store is in memory. Ends with close(), which leaves nothing behind.
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { afterAll } from 'vitest'
import { createApp } from '#edge/app.ts'
import type { EdgePorts, Metrics } from '#edge/ports.ts'
import type { Store } from '#edge/store/store.ts'
import { createRooms } from '#edge/runtime/node/rooms.ts'
import { createUpgrades, createWebSocketServer, withRefusalBodies } from '#edge/runtime/node/upgrades.ts'
import { UNMETERED } from '#edge/store/quotas.ts'
import { systemClock, type Clock } from '#shared/clock.ts'
import { silentLog } from '#shared/log.ts'
import { LINE_WIRE, makeLineClient } from '#tests/fakes/line-client.ts'
import { lineRoute } from '#tests/fakes/line-route.ts'
import { createMemoryStore } from '#tests/fakes/memory-store.ts'
import { ScriptedCaller } from '#tests/fakes/scripted-caller.ts'
import { ScriptedNode, type ScriptedNodeOptions } from '#tests/fakes/scripted-node.ts'
import { hostName } from '#tests/tooling/hosts/which-host.ts'
import { startWorkersHost, type WorkersHost, type WorkersHostOptions } from '#tests/tooling/hosts/workers-host.ts'

export const silentMetrics: Metrics = {
  count: () => {},
  observe: () => {},
  set: () => {},
  text: () => Promise.resolve(''),
  contentType: 'text/plain',
}

const never = (): never => {
  throw new Error('no file is kept here')
}
const noBlobs: EdgePorts['blobs'] = {
  put: never,
  head: never,
  get: never,
  delete: never,
  sweep: async () => 0,
  putBefore: async () => [],
}

export interface World {
  url: string
  store: Store
  /** The key of a caller who may talk. */
  key: string
  ticket(): Promise<string>
  caller(): Promise<ScriptedCaller>
  node(options?: Partial<ScriptedNodeOptions>): Promise<ScriptedNode>
  /** Resolves when no more than this many sockets are open at the edge, where the host can tell. */
  socketsAtMost(count: number): Promise<void>
  close(): Promise<void>
}

/** `clock` is the edge's, where the host takes one: workerd has only the real time. */
export type StartWorld = (clock?: Clock) => Promise<World>

/**
 * Called at the top of a file: what starts the worlds of its tests. On Workers they share one edge, which takes a second to
 * start and ends with the file; its fleet has forgotten a world's nodes at the world's end.
 */
export function worldsOfFile(options: WorkersHostOptions = {}): StartWorld {
  let workers: Promise<WorkersHost> | undefined
  afterAll(async () => {
    await (await workers)?.close()
  })
  return async (clock = systemClock) =>
    withPeers(hostName() === 'workers' ? onWorkers(await (workers ??= startWorkersHost(options))) : await onNode(clock))
}

/** An edge that speaks the line wire, too (tests/fakes/line-client.ts), and on Workers can be made to lose its memory. */
export function lineWorldsOfFile(): () => Promise<World & { lose(sessionId: string): Promise<void> }> {
  const startWorld = worldsOfFile({ main: 'tests/edge/runtime/workers/fixture/losing-worker.ts' })
  return async () => {
    const world = await startWorld()
    const url = world.url.replace('ws', 'http')
    return {
      ...world,
      lose: async (sessionId) => void (await fetch(`${url}/lose?binding=SESSIONS&name=${sessionId}`)),
    }
  }
}

type Bare = Pick<World, 'url' | 'store' | 'socketsAtMost' | 'close'>

function onWorkers({ url, store }: WorkersHost): Bare {
  return {
    url: url.replace('http', 'ws'),
    store,
    socketsAtMost: () => Promise.resolve(),
    close: () => until(async () => ((await (await fetch(`${url}/health`)).json()) as { nodes: number }).nodes === 0),
  }
}

async function onNode(clock: Clock): Promise<Bare> {
  const store = createMemoryStore()
  const rooms = createRooms({
    clock,
    log: silentLog,
    store,
    metrics: silentMetrics,
    nodeJoined: () => undefined,
    callerByToken: (token) => store.keys.callerByKey(token, clock.now()),
    wires: { [LINE_WIRE]: makeLineClient },
  })
  const upgrades = createUpgrades(rooms)
  const app = createApp({
    clock,
    log: silentLog,
    store,
    limits: createFakeLimits(),
    blobs: noBlobs,
    tasks: { wake: () => {} },
    metrics: silentMetrics,
    fleet: rooms.fleet,
    sessions: rooms.sessions,
    upgrades,
    settings: {
      version: '0.0.0',
      metricsToken: undefined,
      signingSecret: 'a'.repeat(43),
      publicOrigin: undefined,
      addressRate: 0,
      quotas: UNMETERED.quotas,
      corsOrigins: [],
      runtime: 'test',
      startedAt: 0,
    },
    addressOf: () => '127.0.0.1',
  })
  app.route('/', lineRoute({ upgrades, callerByKey: (key) => store.keys.callerByKey(key, clock.now()) }))
  const wss = createWebSocketServer()
  const server = serve({
    fetch: withRefusalBodies(app.fetch),
    port: 0,
    hostname: '127.0.0.1',
    websocket: { server: wss },
  })
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    store,
    socketsAtMost: (count) => until(async () => wss.clients.size <= count),
    close: async () => {
      for (const socket of wss.clients) socket.terminate()
      await rooms.shutdown()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function withPeers(edge: Bare): Promise<World> {
  const { url, store } = edge
  const { key } = await store.keys.createKey({ name: 'test', scopes: ['talk'], now: 0 })
  const stops: Array<() => void> = []
  return {
    ...edge,
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
    close: async () => {
      for (const stop of stops) stop()
      await edge.close()
    },
  }
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  for (const stopAt = Date.now() + 10_000; !(await isTrue());) {
    if (Date.now() > stopAt) throw new Error('it did not come')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function createFakeLimits(): EdgePorts['limits'] {
  const secrets = new Map<string, { claim: string; expiresAt: number }>()
  return {
    take: () => Promise.resolve({ ok: true, retryAfterMs: 0, remaining: 1, resetMs: 0 }),
    mint: async (hash, claim, expiresAt) => void secrets.set(hash, { claim, expiresAt }),
    burn: async (hash, now) => {
      const found = secrets.get(hash)
      secrets.delete(hash)
      return found && found.expiresAt > now ? found.claim : undefined
    },
  }
}
