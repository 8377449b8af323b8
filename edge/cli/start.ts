// `parley start`: builds the page, starts the edge and one GPU node as two process groups, signs the browser in, proves the
// loop by one spoken turn, and ends both again. It only chooses and connects; each step is a file or function of its own.
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineCommand } from 'citty'
import { systemClock } from '#shared/clock.ts'
import { invalid } from '#shared/fault.ts'
import { startChildGroup, type ChildGroup, type ProgramEnd } from '#shared/on-node/child-group.ts'
import { loadDotEnv } from '#shared/on-node/config.ts'
import { PROGRAM_FLAGS } from '#shared/on-node/program-flags.ts'
import { buildPageIfNeeded } from './build-page.ts'
import { findKey, nodeTokenFile, readSecret } from './data-folder.ts'
import { fetchSignInCode } from './edge-api.ts'
import { KeptNode } from './kept-node.ts'
import { jsonOption } from './print.ts'
import { selfCheck, speakQuestion } from './self-check.ts'
import { showLogLine } from './show-log-line.ts'
import { GPU_NODE } from './speak.ts'
import { StartError } from './start-error.ts'
import { timingsOf } from './timings.ts'

/** A migration of a large database may take its time. */
const EDGE_START_MS = 30_000
/** The embedded engines are warmed up by real requests before the node takes sessions. */
const NODE_START_MS = 60_000

/** The edge's program on each host, and where the local node's token comes from once that program is ready. */
const HOSTS = {
  node: {
    program: programOf('../runtime/node/main.ts'),
    // Loaded while the edge starts: the store's modules take a while.
    token: (data: string) => import('./local-node.ts').then(({ ensureNodeToken }) => ensureNodeToken(data)),
  },
  workers: {
    program: programOf('./workers-edge.ts'),
    token: (data: string) => Promise.resolve(readSecret(nodeTokenFile(data)) ?? ''),
  },
}
type HostName = keyof typeof HOSTS

export const start = defineCommand({
  meta: { name: 'start', description: 'Start the edge and one GPU node here, and prove them by one spoken turn' },
  args: {
    port: { type: 'string', description: 'Port of the edge; default: PORT or 8787' },
    data: { type: 'string', description: 'Folder of database, keys and logs; default: DATA_DIR or ./data' },
    host: { type: 'enum', options: Object.keys(HOSTS), description: 'What runs the edge', default: 'node' },
    selfcheck: { type: 'boolean', description: 'Prove the loop by one spoken turn', default: true },
    json: { ...jsonOption, description: 'Print one JSON object per line' },
  },
  async run({ args }) {
    loadDotEnv()
    const port = readPort(args.port ?? process.env['PORT'] ?? '8787')
    const data = resolve(args.data ?? process.env['DATA_DIR'] ?? './data')
    const stop = Promise.withResolvers<string | undefined>()
    process.once('SIGINT', () => stop.resolve(undefined)).once('SIGTERM', () => stop.resolve(undefined))
    const started: Started[] = []
    const tell = teller(args.json)
    try {
      const host = args.host as HostName
      const failed = (why: string): void => stop.resolve(why)
      const opened = open({ host, port, data, withCheck: args.selfcheck, started, failed, tell })
      const failure = await Promise.race([stop.promise, opened.then(() => stop.promise)])
      if (failure !== undefined) throw new StartError(`${failure}; see ${join(data, 'logs')}`)
      tell('stopping', {}, 'stopping')
    } finally {
      // The node first: it tells the edge of its last turns.
      for (const one of started.toReversed()) await one.stop()
    }
  },
})

type Started = Pick<ChildGroup, 'stop'>
/** Says what happened: facts to a program, the text to a person. */
type Tell = (event: string, facts: object, text: string) => void

interface Opening {
  host: HostName
  port: number
  data: string
  withCheck: boolean
  /** What was started, in order; stopped by the caller whatever happens here. */
  started: Started[]
  failed: (why: string) => void
  tell: Tell
}

async function open({ host, port, data, withCheck, started, failed, tell }: Opening): Promise<void> {
  if (await buildPageIfNeeded()) tell('built', {}, 'built the page')
  if (process.env['TLS_CERT']) {
    const text = 'without TLS: this start is for this machine alone; npm run edge takes TLS_CERT'
    tell('note', { text }, text)
  }
  // A certificate is for another name than 127.0.0.1.
  const env = { ...process.env, PORT: String(port), DATA_DIR: data, TLS_CERT: '', TLS_KEY: '' }
  const url = `http://127.0.0.1:${port}`
  const launch = (name: string, program: string, more: NodeJS.ProcessEnv): ChildGroup => {
    const onLine = (line: string): void => showLogLine(name, line)
    return startChildGroup({
      program: process.execPath,
      args: [...PROGRAM_FLAGS, program],
      env: { ...env, ...more },
      onLine,
    })
  }
  const edge = launch('edge', HOSTS[host].program, {})
  started.push(edge)
  void edge.ended.then(({ how }) => failed(`the edge ended: ${how}`))
  const question = withCheck ? speakQuestion() : undefined
  // It is waited for at the end; the start may fail before.
  question?.catch(() => {})
  await readyInTime('edge', EDGE_START_MS, edge)
  const token = await HOSTS[host].token(data)
  const node = new KeptNode({
    launch: () => launch('GPU node', GPU_NODE, { EDGE_URL: url, NODE_TOKEN: token }),
    say: (text) => tell('note', { text }, text),
    clock: systemClock,
  })
  started.push(node)
  await readyInTime('GPU node', NODE_START_MS, node.first)
  node.keep()
  const key = findKey(undefined, data)
  const code = await fetchSignInCode(url, key)
  // Where a proxy stands before it, a page of any other address is a foreign one.
  const address = `${process.env['PUBLIC_ORIGIN'] || url}/#code=${code}`
  tell('open', { url: address }, `open ${address} (signs one browser in, once, within 10 minutes)`)
  if (question) await prove({ url, key, tell, spoken: question })
  tell('ready', { url }, `ready ${url}`)
}

interface Proof {
  url: string
  key: string
  tell: Tell
  spoken: Promise<Int16Array>
}

async function prove({ url, key, tell, spoken }: Proof): Promise<void> {
  const checked = spoken.then((pcm) => selfCheck(url, key, pcm))
  const { question, turn, engines, line } = await checked.catch((error: unknown) => {
    throw new StartError(`the self-check failed: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  })
  const { transcript, reply } = turn
  const lines = [
    `asked “${question}” with the embedded voice`,
    `transcript: ${transcript}`,
    `reply: ${reply}`,
    line,
    engines,
  ]
  tell('selfCheck', { question, transcript, reply, timingsMs: timingsOf(turn) }, `self-check: ${lines.join('\n  ')}`)
}

async function readyInTime(name: string, limitMs: number, program: Pick<ChildGroup, 'ready' | 'ended'>): Promise<void> {
  const ended = program.ended.then(({ how }: ProgramEnd) => {
    throw new StartError(`the ${name} ended: ${how}; the logs are in the data folder`)
  })
  await withinTime(name, limitMs, Promise.race([program.ready, ended]))
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
  throw invalid('--port: must be a whole number from 1 to 65535')
}

function programOf(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}

function teller(asJson: boolean): Tell {
  return (event, facts, text) => void process.stdout.write(`${asJson ? JSON.stringify({ event, ...facts }) : text}\n`)
}
