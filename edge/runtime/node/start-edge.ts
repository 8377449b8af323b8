// Starts one edge on Node and gives back how to stop it: database, rooms, app and HTTP server, chosen and connected here and
// closed in reverse. Used by main.ts and by tests (port 0).
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import { createApp } from '#edge/app.ts'
import { callerByBearer } from '#edge/http/access/auth.ts'
import { createIdentities } from '#edge/http/access/identities.ts'
import type { EdgePorts, Tasks } from '#edge/ports.ts'
import type { Store } from '#edge/store/store.ts'
import { afterMigration, createStore } from '#edge/store/store.ts'
import { systemClock, type Clock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import { lockDataFolder } from '#shared/on-node/data-folder-lock.ts'
import { listingDeletions } from './backup/deletion-list.ts'
import { backupsOf } from './backup/folders.ts'
import { refuseHalfRestored } from './backup/swap.ts'
import type { EdgeConfig } from './config.ts'
import { createBlobs } from './blobs.ts'
import { createCompress } from './compress.ts'
import { openDatabase } from './database.ts'
import { createConnectionGate } from './connection-gate.ts'
import { openHttpServer } from './http-server.ts'
import { createLimits } from './limits.ts'
import { createMetrics } from './metrics.ts'
import { pageRoutes } from './page.ts'
import { watchRevocations } from './revocations.ts'
import { createRooms } from './rooms.ts'
import { makeFirstKey, readOrMakeSigningSecret } from './secret-files.ts'
import { createStops, type Stops } from './stops.ts'
import { runTasks } from './tasks.ts'
import { trusts } from './trusted-proxies.ts'
import { createUpgrades } from './upgrades.ts'

const DIST = fileURLToPath(new URL('../../web/dist', import.meta.url))
/** A forwarded address; longer ones are no addresses. */
const MAX_ADDRESS_CHARS = 64

export interface RunningEdge {
  /** e.g. http://127.0.0.1:8787 */
  url: string
  store: Store
  /** Where the key of the first start was written, when this is the first start. */
  firstKeyFile: string | undefined
  tasks: Tasks
  /** Ends sessions, sockets and database, in this order and within a bound. */
  close(): Promise<void>
}

export interface EdgeParts {
  log: Log
  clock?: Clock
  /** The folder of the built page. */
  dist?: string
}

export async function startEdge(config: EdgeConfig, parts: EdgeParts): Promise<RunningEdge> {
  const { log, clock = systemClock, dist = DIST } = parts
  const stops = createStops({ clock, log })
  try {
    stops.add('data folder', lockDataFolder(config.dataDir, 'edge'))
    refuseHalfRestored(config.dataDir)
    const store = await openStore(config, { log, clock, stops })
    const firstKeyFile = await makeFirstKey(store.keys, { dataDir: config.dataDir, now: clock.now() })
    const metrics = createMetrics()
    const isTrustedProxy = trusts(config.trustProxy)
    const gate = createConnectionGate({ bounds: config.connections, isTrustedProxy, metrics })
    const blobs = createBlobs(join(config.dataDir, 'blobs'))
    const identities = config.identityProvider && createIdentities(config.identityProvider, { store, log })
    const rooms = createRooms({
      clock,
      log,
      store,
      metrics,
      nodeJoined: () => tasks.wake(),
      callerByToken: (token) => callerByBearer(token, { clock, store, identities }),
    })
    const tasks = runTasks({ clock, log, store, metrics, blobs, fleet: rooms.fleet })
    stops.add('tasks', () => tasks.stop())
    const app = createApp({
      clock,
      log,
      store,
      metrics,
      compress: createCompress(),
      limits: createLimits(),
      identities,
      blobs,
      tasks,
      fleet: rooms.fleet,
      sessions: rooms.sessions,
      upgrades: createUpgrades(rooms, gate),
      settings: settingsOf(config, clock.now()),
      addressOf: (c) => addressOf(c, isTrustedProxy),
    })
    app.route('/', pageRoutes(dist))
    const stopWatching = watchRevocations({ clock, log, store, fleet: rooms.fleet, sessions: rooms.sessions })
    stops.add('watch of revocations', async () => stopWatching())
    const server = await openHttpServer(app.fetch, { ...config, clock, log, gate })
    stops.add('server', () => server.close())
    stops.add('rooms', () => rooms.shutdown())
    return { url: server.url, store, firstKeyFile, tasks, close: () => stops.run() }
  } catch (error) {
    await stops.run()
    throw error
  }
}

async function openStore(
  config: EdgeConfig,
  { log, clock, stops }: { log: Log; clock: Clock; stops: Stops },
): Promise<Store> {
  const { databaseUrl: url, databaseAuthToken: authToken } = config
  const database = await openDatabase({ url, authToken })
  stops.add('database', () => database.close())
  const { applied, backup } = await database.migrate()
  const store = listingDeletions(createStore(database.db, config.metering), backupsOf(config.dataDir))
  if (applied > 0) log.info({ applied, backup, indexed: await afterMigration(store) }, 'migrated the database')
  const ended = await store.sessions.endAllLive(clock.now())
  if (ended > 0) log.warn({ ended }, 'ended the sessions of an edge that went down')
  return store
}

function settingsOf(config: EdgeConfig, startedAt: number): EdgePorts['settings'] {
  const { version, metricsToken, publicOrigin, addressRate, corsOrigins, metering, dataDir } = config
  const signingSecret = config.signingSecret ?? readOrMakeSigningSecret(dataDir)
  return {
    version,
    metricsToken,
    publicOrigin,
    addressRate,
    quotas: metering.quotas,
    corsOrigins,
    signingSecret,
    runtime: `node ${process.version}`,
    startedAt,
  }
}

function addressOf(c: Context, isTrustedProxy: (address: string) => boolean): string {
  const { remoteAddress = 'unknown' } = (c.env as HttpBindings).incoming.socket
  // The last entry is the one that our own proxy added.
  const forwarded = c.req.header('x-forwarded-for')?.split(',').at(-1)?.trim()
  const address = forwarded !== undefined && isTrustedProxy(remoteAddress) ? forwarded : remoteAddress
  return address.slice(0, MAX_ADDRESS_CHARS)
}
