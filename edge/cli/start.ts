// `parley start`: builds the page, starts the edge and one GPU node as two process groups, signs the browser in, proves the
// loop by one spoken turn, and ends both again. It only chooses and connects; each step is a file or function of its own.
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineCommand } from 'citty'
import { systemClock } from '#shared/clock.ts'
import { FaultError } from '#shared/fault.ts'
import { startChildGroup, type ChildGroup } from '#shared/on-node/child-group.ts'
import { loadDotEnv } from '#shared/on-node/config.ts'
import { buildPageIfNeeded } from './build-page.ts'
import { findKey, nodeTokenFile, readSecret } from './data-folder.ts'
import { fetchSignInCode } from './edge-api.ts'
import { ensureNodeToken } from './local-node.ts'
import { selfCheck } from './self-check.ts'
import { showLogLine } from './show-log-line.ts'
import { StartError } from './start-error.ts'

/** A migration of a large database may take its time. */
const EDGE_START_MS = 30_000
/** The embedded engines are warmed up by real requests before the node takes sessions. */
const NODE_START_MS = 60_000

/** The edge's program on each host, and where the local node's token comes from once that program is ready. */
const HOSTS = {
  node: { program: programOf('../runtime/node/main.ts'), token: ensureNodeToken },
  workers: {
    program: programOf('./workers-edge.ts'),
    token: (data: string) => Promise.resolve(readSecret(nodeTokenFile(data)) ?? ''),
  },
}
type HostName = keyof typeof HOSTS
const NODE = programOf('../../gpu-node/main.ts')

export const start = defineCommand({
  meta: { name: 'start', description: 'Start the edge and one GPU node here, and prove them by one spoken turn' },
  args: {
    port: { type: 'string', description: 'Port of the edge; default: PORT or 8787' },
    data: { type: 'string', description: 'Folder of database, keys and logs; default: DATA_DIR or ./data' },
    host: { type: 'enum', options: Object.keys(HOSTS), description: 'What runs the edge', default: 'node' },
    selfcheck: { type: 'boolean', description: 'Prove the loop by one spoken turn', default: true },
  },
  async run({ args }) {
    loadDotEnv()
    const port = readPort(args.port ?? process.env['PORT'] ?? '8787')
    const data = resolve(args.data ?? process.env['DATA_DIR'] ?? './data')
    const stop = Promise.withResolvers<string | undefined>()
    process.once('SIGINT', () => stop.resolve(undefined)).once('SIGTERM', () => stop.resolve(undefined))
    const groups: ChildGroup[] = []
    try {
      const host = args.host as HostName
      const opened = open({ host, port, data, withCheck: args.selfcheck, groups, failed: (why) => stop.resolve(why) })
      const failure = await Promise.race([stop.promise, opened.then(() => stop.promise)])
      if (failure !== undefined) throw new StartError(`${failure}; see ${join(data, 'logs')}`)
      say('stopping')
    } finally {
      // The node first: it tells the edge of its last turns.
      for (const group of groups.toReversed()) await group.stop()
    }
  },
})

interface Opening {
  host: HostName
  port: number
  data: string
  withCheck: boolean
  /** What was started, in order; stopped by the caller whatever happens here. */
  groups: ChildGroup[]
  failed: (why: string) => void
}

async function open({ host, port, data, withCheck, groups, failed }: Opening): Promise<void> {
  if (await buildPageIfNeeded()) say('built the page')
  if (process.env['TLS_CERT']) say('without TLS: this start is for this machine alone; npm run edge takes TLS_CERT')
  // A certificate is for another name than 127.0.0.1.
  const env = { ...process.env, PORT: String(port), DATA_DIR: data, TLS_CERT: '', TLS_KEY: '' }
  const url = `http://127.0.0.1:${port}`
  const launch = async (name: string, program: string, more: NodeJS.ProcessEnv, limitMs: number): Promise<void> => {
    const onLine = (line: string): void => showLogLine(name, line)
    const group = startChildGroup({ program: process.execPath, args: [program], env: { ...env, ...more }, onLine })
    groups.push(group)
    const ended = group.ended.then((how) => {
      failed(`the ${name} ended: ${how}`)
      throw new StartError(`the ${name} ended: ${how}`)
    })
    await withinTime(name, limitMs, Promise.race([group.ready, ended]))
  }
  await launch('edge', HOSTS[host].program, {}, EDGE_START_MS)
  const token = await HOSTS[host].token(data)
  await launch('GPU node', NODE, { EDGE_URL: url, NODE_TOKEN: token }, NODE_START_MS)
  const key = findKey(undefined, data)
  const code = await fetchSignInCode(url, key)
  // Where a proxy stands before it, a page of any other address is a foreign one.
  const address = process.env['PUBLIC_ORIGIN'] || url
  say(`open ${address}/#code=${code} (signs one browser in, once, within 10 minutes)`)
  if (withCheck) await prove(url, key)
  process.stdout.write(`ready ${url}\n`)
}

async function prove(url: string, key: string): Promise<void> {
  const { question, turn, engines, line } = await selfCheck(url, key).catch((error: unknown) => {
    throw new StartError(`the self-check failed: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  })
  say(`self-check: asked “${question}” with the embedded voice`)
  say(`  transcript: ${turn.transcript}`)
  say(`  reply: ${turn.reply}`)
  say(`  ${line}`)
  say(`  ${engines}`)
}

async function withinTime(name: string, limitMs: number, ready: Promise<void>): Promise<void> {
  const timer = new AbortController()
  const late = systemClock.sleep(limitMs, timer.signal).then(
    () => {
      throw new StartError(`the ${name} was not ready within ${limitMs / 1000} s`)
    },
    // Ready in time.
    () => {},
  )
  await Promise.race([ready, late]).finally(() => timer.abort('deadline'))
}

function readPort(text: string): number {
  const port = Number(text)
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port
  throw new FaultError({ code: 'invalid_message', issues: ['--port: must be a whole number from 1 to 65535'] })
}

function programOf(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}

const say = (text: string): void => void process.stdout.write(`${text}\n`)
