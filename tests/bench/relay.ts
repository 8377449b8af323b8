// Bench: what the relay adds. The same 640-byte frames travel client → edge → node → edge → client, the same way through a `ws`
// server that only relays, client → nginx → echo, and client → echo with nothing between; each program is a process of its own. First at the pace of a
// hundred calls, in rounds that take turns so that the machine's moods meet every path; then faster until frames are lost.
import { findNginx, hasSqld, hasWorkerd } from '#tests/tooling/machine.ts'
import type { BareRelayFacts } from './bare-relay-process.ts'
import { LOAD_FLAGS, startChild } from './child.ts'
import type { EchoDiallerSettings } from './echo-dialler-process.ts'
import type { EchoFacts } from './echo-process.ts'
import type { EchoNodeSettings } from './echo-node-process.ts'
import type { EdgeFacts } from './edge-process.ts'
import { FRAME_BYTES, openEchoSocket, openSessionSocket, type LinkSocket, type OnReturn } from './link-socket.ts'
import { startNginx } from './nginx.ts'
import { LOST_AFTER_MS, PacedLoad, type PacedRun } from './paced-load.ts'
import { median, quantile } from './quantile.ts'
import type { Aim, Report } from './report.ts'
import { startWorkerdEdge } from './workerd.ts'

export interface RelayLoad extends Pace {
  sessions: number
  /** Whether the edge on workerd is measured, too. */
  hasWorkers: boolean
}

export interface Pace {
  /** Frames a second of each session, each way. */
  perSecond: number
  rounds: number
  roundMs: number
  /** Once, not counted: code is compiled. */
  warmUpMs: number
  /** Before each round, not counted: while another path had its turn this one's programs were idle and tidied their memory. */
  wakeUpMs: number
  /** Of each faster rate; 0: they are not looked for. */
  stepMs: number
}

export const RELAY_FULL: RelayLoad = {
  sessions: 100,
  perSecond: 50,
  rounds: 7,
  roundMs: 4_000,
  warmUpMs: 4_000,
  wakeUpMs: 1_000,
  stepMs: 2_000,
  hasWorkers: true,
}
export const RELAY_SHORT: RelayLoad = { ...RELAY_FULL, rounds: 2, stepMs: 1_000 }

const MAX_P99_MS = 5
/** Of the bare relay's p99, in the same run: either will do. */
const MAX_P99_RATIO = 1.5
/** Of the bare relay's processor time a message. */
const MAX_CPU_RATIO = 1.1
const BARE = 'bare ws relay'
const EDGE = 'edge → node'
/** Each faster rate is this much faster. */
const RATE_STEP = 1.25
/** A rate at which frames were lost is tried again: a hiccup of the machine is not the relay's limit. */
const TRIES = 3

export interface Path {
  name: string
  load: PacedLoad
  /** Processor time of what stands between. */
  cpuMs(): Promise<number | null>
}

export interface Measured {
  path: Path
  sent: number
  lost: number
  roundTripsMs: number[]
  /** p99 of each round. */
  p99s: number[]
  cpuMs: number | null
  highest: { perSecond: number; isGeneratorsLimit: boolean } | undefined
}

export type Stops = Array<() => Promise<void>>

export async function benchRelay(load: RelayLoad): Promise<Report> {
  const stops: Stops = []
  try {
    const measured = await measure(await openPaths(load, stops), load)
    return reportOf(measured, load)
  } finally {
    for (const stop of stops.toReversed()) await stop()
  }
}

// --- the paths ---

async function openPaths(load: RelayLoad, stops: Stops): Promise<Path[]> {
  const echo = await startChild<EchoFacts>('./echo-process.ts', {}, LOAD_FLAGS)
  stops.push(() => echo.stop())
  const fill = (open: (onReturn: OnReturn) => Promise<LinkSocket>): Promise<PacedLoad> =>
    openLoad(load.sessions, open, stops)
  const echoUrl = `ws://127.0.0.1:${echo.facts.port}`
  const direct = await fill((onReturn) => openEchoSocket(echoUrl, onReturn))
  const paths: Path[] = [{ name: 'direct echo', load: direct, cpuMs: async () => null }]
  const program = findNginx()
  if (program !== undefined) {
    const nginx = await startNginx(program, echo.facts.port)
    stops.push(() => nginx.stop())
    const proxied = await fill((onReturn) => openEchoSocket(nginx.url, onReturn))
    paths.push({ name: 'nginx → echo', load: proxied, cpuMs: async () => nginx.cpuMs() })
  }
  paths.push(await openBarePath(load, stops))
  const edge = await startChild<EdgeFacts>('./edge-process.ts', {})
  stops.push(() => edge.stop())
  const { url, nodeToken } = edge.facts
  const settings: EchoNodeSettings = { edgeUrl: url, token: nodeToken, slots: load.sessions }
  const node = await startChild('./echo-node-process.ts', settings, LOAD_FLAGS)
  stops.push(() => node.stop())
  const relayed = await fill((onReturn) => openSessionSocket(edge.facts, onReturn))
  paths.push({ name: EDGE, load: relayed, cpuMs: async () => (await edge.usage()).cpuMs })
  if (load.hasWorkers && hasWorkerd() && hasSqld()) paths.push(await openWorkersPath(load, stops))
  return paths
}

async function openBarePath(load: RelayLoad, stops: Stops): Promise<Path> {
  const relay = await startChild<BareRelayFacts>('./bare-relay-process.ts', {})
  stops.push(() => relay.stop())
  const { farUrl, nearUrl } = relay.facts
  const settings: EchoDiallerSettings = { url: farUrl, sockets: load.sessions }
  const far = await startChild('./echo-dialler-process.ts', settings, LOAD_FLAGS)
  stops.push(() => far.stop())
  const relayed = await openLoad(load.sessions, (onReturn) => openEchoSocket(nearUrl, onReturn), stops)
  return { name: BARE, load: relayed, cpuMs: async () => (await relay.usage()).cpuMs }
}

async function openWorkersPath(load: RelayLoad, stops: Stops): Promise<Path> {
  const edge = await startWorkerdEdge()
  stops.push(() => edge.stop())
  const { url, nodeToken } = edge.facts
  const settings: EchoNodeSettings = { edgeUrl: url, token: nodeToken, slots: load.sessions }
  const node = await startChild('./echo-node-process.ts', settings, LOAD_FLAGS)
  stops.push(() => node.stop())
  const relayed = await openLoad(load.sessions, (onReturn) => openSessionSocket(edge.facts, onReturn), stops)
  return { name: 'workers → node', load: relayed, cpuMs: async () => edge.cpuMs() }
}

export async function openLoad(
  count: number,
  open: (onReturn: OnReturn) => Promise<LinkSocket>,
  stops: Stops,
): Promise<PacedLoad> {
  const load = new PacedLoad()
  stops.push(async () => load.close())
  for (let i = 0; i < count; i++) load.add(await open(load.onReturn))
  return load
}

// --- the measuring ---

export async function measure(paths: Path[], load: Pace): Promise<Measured[]> {
  const { perSecond, rounds, roundMs, warmUpMs, wakeUpMs, stepMs } = load
  const measured = paths.map((path): Measured => {
    return { path, sent: 0, lost: 0, roundTripsMs: [], p99s: [], cpuMs: null, highest: undefined }
  })
  for (const path of paths) await path.load.run({ perSecond, durationMs: warmUpMs })
  for (let round = 0; round < rounds; round++)
    for (const one of measured) {
      await one.path.load.run({ perSecond, durationMs: wakeUpMs })
      const before = await one.path.cpuMs()
      const run = await one.path.load.run({ perSecond, durationMs: roundMs })
      const after = await one.path.cpuMs()
      one.sent += run.sent
      one.lost += run.lost
      for (const ms of run.roundTripsMs) one.roundTripsMs.push(ms)
      one.p99s.push(quantile(run.roundTripsMs, 0.99))
      if (before !== null && after !== null) one.cpuMs = (one.cpuMs ?? 0) + after - before
    }
  if (stepMs > 0) for (const one of measured) one.highest = await findHighest(one.path, load)
  return measured
}

async function findHighest({ load }: Path, { perSecond, stepMs }: Pace): Promise<Measured['highest']> {
  let highest = 0
  for (let rate = perSecond; ; rate *= RATE_STEP) {
    const run = await holds(load, { perSecond: rate, durationMs: stepMs })
    if (run.lost > 0 || !run.isPaced) return { perSecond: highest, isGeneratorsLimit: run.lost === 0 }
    highest = rate
  }
}

async function holds(load: PacedLoad, pace: { perSecond: number; durationMs: number }): Promise<PacedRun> {
  let run = await load.run(pace)
  for (let tries = 1; tries < TRIES && (run.lost > 0 || !run.isPaced); tries++) run = await load.run(pace)
  return run
}

// --- the table ---

const COLUMNS = [
  { name: 'path' },
  { name: 'frames each way' },
  { name: 'lost' },
  { name: 'p50', digits: 2 },
  { name: 'p99', digits: 2 },
  { name: 'added p50', digits: 2 },
  { name: 'added p99', digits: 2 },
  { name: 'p99 × direct', digits: 1 },
  { name: 'p99 of the median round', digits: 2 },
  { name: 'CPU µs/message', digits: 1 },
  { name: 'CPU × bare', digits: 2 },
  { name: 'highest frames/s each way' },
  { name: '× direct', digits: 2 },
]

function reportOf(measured: Measured[], load: RelayLoad): Report {
  const { sessions, perSecond } = load
  const direct = measured[0]
  const bare = measured.find(({ path }) => path.name === BARE)
  const edge = measured.find(({ path }) => path.name === EDGE)
  return {
    title: `relay, ${sessions} sessions × ${perSecond} frames/s of ${FRAME_BYTES} bytes each way`,
    baseline: 'direct echo: the same client and frames, and a WebSocket server that sends each back',
    columns: COLUMNS,
    rows: measured.map((one) => rowOf(one, { direct, bare, sessions })),
    notes: [
      'ms a round trip, from send() at the client to the frame’s event there. added: its quantile less that of the direct echo.',
      'Paths take turns, round by round; where the median round’s p99 is far below that of all, the machine had other work.',
      'CPU: processor time of what stands between, over the messages it relayed (two a round trip), acks and pings included.',
      `${BARE}: a server of the same library to which both ends dial, and which hands each message on and does nothing else.`,
      `highest: raised by a quarter at a time until a frame was not back within ${LOST_AFTER_MS} ms, in three tries; ≥: there the client`,
      'could send no faster. The edge’s path has two more sockets and a second program on it than nginx’s.',
    ],
    aims: edge && bare ? aimsOf(edge, bare) : [],
  }
}

/** Processor time a message, in µs; null where it is not known. */
const cpuOf = ({ cpuMs, sent }: Measured): number | null => (cpuMs === null ? null : (cpuMs * 1000) / (2 * sent))

function rowOf(
  one: Measured,
  { direct, bare, sessions }: { direct: Measured | undefined; bare: Measured | undefined; sessions: number },
): Array<string | number | null> {
  const { path, sent, lost, roundTripsMs, highest } = one
  const [cpu, bareCpu] = [cpuOf(one), bare ? cpuOf(bare) : null]
  const isDirect = one === direct
  const [p50, p99] = [median(roundTripsMs), quantile(roundTripsMs, 0.99)]
  const base = direct?.roundTripsMs ?? []
  const perSecond = highest && Math.round(highest.perSecond * sessions)
  return [
    path.name,
    sent,
    lost,
    p50,
    p99,
    isDirect ? null : p50 - median(base),
    isDirect ? null : p99 - quantile(base, 0.99),
    p99 / quantile(base, 0.99),
    median(one.p99s),
    cpu,
    cpu === null || bareCpu === null ? null : cpu / bareCpu,
    highest === undefined ? null : `${highest.isGeneratorsLimit ? '≥' : ''}${perSecond}`,
    highest === undefined || !direct?.highest ? null : highest.perSecond / direct.highest.perSecond,
  ]
}

function aimsOf(edge: Measured, bare: Measured): Aim[] {
  const [p99, bareP99] = [quantile(edge.roundTripsMs, 0.99), quantile(bare.roundTripsMs, 0.99)]
  const cpuRatio = (cpuOf(edge) ?? NaN) / (cpuOf(bare) ?? NaN)
  const inMedianRound = `${median(edge.p99s).toFixed(2)} and ${median(bare.p99s).toFixed(2)} ms in the median round`
  return [
    {
      aim: `p99 < ${MAX_P99_MS} ms or ${MAX_P99_RATIO} × the bare relay's`,
      got: `${p99.toFixed(2)} ms, ${(p99 / bareP99).toFixed(2)} × its (${inMedianRound}), ${edge.lost} lost`,
      isMet: (p99 < MAX_P99_MS || p99 < MAX_P99_RATIO * bareP99) && edge.lost === 0,
    },
    {
      aim: `CPU a message ≤ ${MAX_CPU_RATIO} × the bare relay's`,
      got: `${cpuRatio.toFixed(2)} ×`,
      isMet: cpuRatio <= MAX_CPU_RATIO,
    },
  ]
}
