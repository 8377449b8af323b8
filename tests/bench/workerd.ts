// The edge on bare workerd, with a libSQL server, for comparison: the bundle that would be deployed, without the proxies of
// `wrangler dev`, which alone cost milliseconds. Everything lies in a folder that is thrown away. Used by relay.ts and hosts.ts.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { freePort, startLibsqlServer } from '#edge/cli/libsql-server.ts'
import { MAX_RATE_FACTOR } from '#edge/limits/route-rates.ts'
import { openDatabase } from '#edge/runtime/node/database.ts'
import { createStore } from '#edge/store/store.ts'
import { systemClock } from '#shared/clock.ts'
import { writeConfig } from '#tests/tooling/hosts/workers-host.ts'
import type { EdgeFacts } from './edge-process.ts'
import { cpuMsOf } from './nginx.ts'

const POLL_MS = 20
const START_TRIES = 500
const CLASSES = { SESSIONS: 'SessionObject', FLEET: 'FleetObject', LIMITS: 'LimitsObject' }

export interface WorkerdEdge {
  facts: EdgeFacts
  cpuMs(): number | null
  /** Resident memory; null where the system does not tell. */
  rssBytes(): number | null
  stop(): Promise<void>
}

export async function startWorkerdEdge(): Promise<WorkerdEdge> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-workerd-'))
  const sqld = await startLibsqlServer({ folder: join(folder, 'database') })
  const stops: Array<() => Promise<unknown>> = [
    async () => rmSync(folder, { recursive: true, force: true }),
    () => sqld.close(),
  ]
  const stop = async (): Promise<void> => {
    for (const one of stops.toReversed()) await one()
  }
  try {
    const secrets = await prepare(sqld.url)
    await bundle(folder)
    const port = await freePort()
    writeFileSync(join(folder, 'config.capnp'), configuration(port, sqld.url))
    mkdirSync(join(folder, 'objects'))
    const program = resolve('node_modules/.bin/workerd')
    const child = spawn(program, ['serve', 'config.capnp'], { cwd: folder, stdio: 'ignore' })
    const ended = once(child, 'exit')
    stops.push(async () => {
      // It would first wait for its connections, and nothing of it is kept.
      child.kill('SIGKILL')
      await ended
    })
    const url = `http://127.0.0.1:${port}`
    for (let tries = 0; !(await answers(url)); tries++) {
      if (tries > START_TRIES || child.exitCode !== null) throw new Error('workerd did not start')
      await systemClock.sleep(POLL_MS)
    }
    // The npm package's launcher replaces nothing: the runtime is its child where there is one.
    const pid = childOf(child.pid ?? 0) ?? child.pid ?? 0
    return { facts: { url, ...secrets }, cpuMs: () => cpuMsOf(pid), rssBytes: () => rssBytesOf(pid), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function prepare(url: string): Promise<{ key: string; nodeToken: string }> {
  const database = await openDatabase({ url })
  try {
    await database.migrate()
    const { keys, nodes } = createStore(database.db)
    // The load comes from one address with one key.
    const limits = { rateFactor: MAX_RATE_FACTOR, sessions: 1_000, tokensPerDay: 1e9, audioMsPerDay: 1e9 }
    const { key } = await keys.createKey({ name: 'bench', scopes: ['talk'], limits, now: Date.now() })
    const { token } = await nodes.addNode({ name: 'bench', now: Date.now() })
    return { key, nodeToken: token }
  } finally {
    await database.close()
  }
}

async function bundle(folder: string): Promise<void> {
  const config = writeConfig(folder)
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', WRANGLER_WRITE_LOGS: 'false', XDG_CONFIG_HOME: folder }
  const args = ['node_modules/wrangler/bin/wrangler.js', 'deploy', '--dry-run', '--outdir', folder, '--config', config]
  await promisify(execFile)(process.execPath, args, { env })
}

function configuration(port: number, databaseUrl: string): string {
  const objects = Object.entries(CLASSES)
  const namespaces = objects.map(([name, type]) => `(className = "${type}", uniqueKey = "${name}", enableSql = true)`)
  const bindings = [
    ...objects.map(([name, type]) => `(name = "${name}", durableObjectNamespace = "${type}")`),
    `(name = "DATABASE_URL", text = "${databaseUrl}")`,
    '(name = "ADDRESS_RATE", text = "0")',
    `(name = "SIGNING_SECRET", text = "${'s'.repeat(43)}")`,
    '(name = "ASSETS", service = "assets")',
  ]
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    (name = "assets", worker = .assets),
    (name = "objects", disk = (path = "objects", writable = true)),
    (name = "internet", network = (allow = ["private", "public"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "edge")],
);
const edge :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.js")],
  compatibilityDate = "2026-10-01",
  durableObjectNamespaces = [${namespaces.join(', ')}],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [${bindings.join(', ')}],
);
const assets :Workerd.Worker = (
  modules = [(name = "assets", esModule = "export default { fetch: () => new Response(null, { status: 404 }) }")],
  compatibilityDate = "2026-10-01",
);
`
}

async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/health`).then(
    ({ ok }) => ok,
    () => false,
  )
}

/** Of /proc/PID/status, which counts in units of 1,024 bytes. */
function rssBytesOf(pid: number): number | null {
  try {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kib === undefined ? null : Number(kib) * 1024
  } catch {
    return null
  }
}

/** The first child of a process, on Linux. */
function childOf(pid: number): number | undefined {
  try {
    const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
    return first ? Number(first) : undefined
  } catch {
    return undefined
  }
}
