// Bench: the same edge on its two hosts, Node and bare workerd, side by side: a list over HTTP, the set-up of sessions, and
// the relay at several numbers of them. Each host has its echo node; the hosts take turns, so that the machine's moods meet
// both. The pieces are those of relay.ts; the table is hosts-report.ts.
import { startChild, LOAD_FLAGS } from './child.ts'
import type { EchoNodeSettings } from './echo-node-process.ts'
import type { EchoFacts } from './echo-process.ts'
import type { EdgeFacts } from './edge-process.ts'
import { reportOf, type HostFigures, type RelayFigures } from './hosts-report.ts'
import { openEchoSocket, openSessionSocket, type SessionSocket } from './link-socket.ts'
import { askList } from './list-load.ts'
import { monotonicMs } from './monotonic.ts'
import { measure, openLoad, type Measured, type Pace, type Path, type Stops } from './relay.ts'
import type { Report } from './report.ts'
import { hasSqld, hasWorkerd } from '#tests/tooling/machine.ts'
import { startWorkerdEdge } from './workerd.ts'

export interface HostsLoad {
  list: { rounds: number; roundMs: number; warmUpMs: number }
  /** Sessions that are opened and ended one after the other; with those of the relay, fewer than a user may dial at once. */
  setUps: number
  /** Not counted: code is compiled. */
  warmUpSetUps: number
  relay: Pace
  /** The relay is measured at each of these. */
  sessions: number[]
}

export const HOSTS_FULL: HostsLoad = {
  list: { rounds: 5, roundMs: 2_000, warmUpMs: 2_000 },
  setUps: 50,
  warmUpSetUps: 10,
  relay: { perSecond: 50, rounds: 5, roundMs: 4_000, warmUpMs: 4_000, wakeUpMs: 1_000, stepMs: 0 },
  sessions: [25, 100],
}
export const HOSTS_SHORT: HostsLoad = {
  list: { rounds: 2, roundMs: 1_000, warmUpMs: 1_000 },
  setUps: 20,
  warmUpSetUps: 5,
  relay: { ...HOSTS_FULL.relay, rounds: 2, roundMs: 2_000, warmUpMs: 2_000 },
  sessions: [25, 100],
}

interface Host {
  name: string
  facts: EdgeFacts
  /** Of the host's own process; null where the system does not tell. */
  cpuMs(): Promise<number | null>
  rssBytes(): Promise<number | null>
}

export async function benchHosts(load: HostsLoad): Promise<Report> {
  if (!hasWorkerd() || !hasSqld()) throw new Error('workerd or sqld does not start here: there is nothing to compare')
  const stops: Stops = []
  try {
    const echo = await startChild<EchoFacts>('./echo-process.ts', {}, LOAD_FLAGS)
    stops.push(() => echo.stop())
    const hosts = await openHosts(Math.max(...load.sessions), stops)
    const lists = await measureLists(hosts, load.list)
    const setUps = await measureSetUps(hosts, load)
    const relays: RelayFigures[] = []
    for (const sessions of load.sessions)
      relays.push(
        await measureRelay(hosts, { echoUrl: `ws://127.0.0.1:${echo.facts.port}`, sessions, pace: load.relay }),
      )
    return reportOf({ names: hosts.map(({ name }) => name), lists, setUps, relays, perSecond: load.relay.perSecond })
  } finally {
    for (const stop of stops.toReversed()) await stop()
  }
}

// --- the hosts ---

async function openHosts(slots: number, stops: Stops): Promise<Host[]> {
  const edge = await startChild<EdgeFacts>('./edge-process.ts', {})
  stops.push(() => edge.stop())
  const workerd = await startWorkerdEdge()
  stops.push(() => workerd.stop())
  const hosts: Host[] = [
    {
      name: 'Node',
      facts: edge.facts,
      cpuMs: async () => (await edge.usage()).cpuMs,
      rssBytes: async () => (await edge.usage()).rssBytes,
    },
    {
      name: 'workerd',
      facts: workerd.facts,
      cpuMs: async () => workerd.cpuMs(),
      rssBytes: async () => workerd.rssBytes(),
    },
  ]
  for (const { facts } of hosts) {
    const settings: EchoNodeSettings = { edgeUrl: facts.url, token: facts.nodeToken, slots }
    const node = await startChild('./echo-node-process.ts', settings, LOAD_FLAGS)
    stops.push(() => node.stop())
  }
  return hosts
}

// --- the measuring ---

async function measureLists(hosts: Host[], { rounds, roundMs, warmUpMs }: HostsLoad['list']): Promise<HostFigures[]> {
  const figures = hosts.map((): HostFigures => ({ perSecond: [], cpuMs: null, requests: 0 }))
  for (const { facts } of hosts) await askList(facts, warmUpMs)
  for (let round = 0; round < rounds; round++)
    for (const [at, host] of hosts.entries()) {
      const one = figures[at]
      if (!one) continue
      const before = await host.cpuMs()
      const { answered, tookMs } = await askList(host.facts, roundMs)
      const after = await host.cpuMs()
      one.perSecond.push((answered * 1000) / tookMs)
      one.requests += answered
      if (before !== null && after !== null) one.cpuMs = (one.cpuMs ?? 0) + after - before
    }
  return figures
}

/** Milliseconds from the dial to session.ready, of each host. */
async function measureSetUps(hosts: Host[], { setUps, warmUpSetUps }: HostsLoad): Promise<number[][]> {
  const tookMs = hosts.map((): number[] => [])
  for (let count = 0; count < warmUpSetUps + setUps; count++)
    for (const [at, { facts }] of hosts.entries()) {
      const startedAt = monotonicMs()
      const session = await openSessionSocket(facts, () => {})
      const readyAt = monotonicMs()
      if (count >= warmUpSetUps) tookMs[at]?.push(readyAt - startedAt)
      await session.end()
    }
  return tookMs
}

async function measureRelay(
  hosts: Host[],
  { echoUrl, sessions, pace }: { echoUrl: string; sessions: number; pace: Pace },
): Promise<RelayFigures> {
  const stops: Stops = []
  try {
    const direct = await openLoad(sessions, (onReturn) => openEchoSocket(echoUrl, onReturn), stops)
    const paths: Path[] = [{ name: 'direct echo', load: direct, cpuMs: async () => null }]
    const before = await Promise.all(hosts.map((host) => host.rssBytes()))
    for (const host of hosts) paths.push(await openPath(host, sessions, stops))
    const measured: Measured[] = await measure(paths, pace)
    const after = await Promise.all(hosts.map((host) => host.rssBytes()))
    const grownBytes = after.map((rss, at) => {
      const first = before[at] ?? null
      return rss === null || first === null ? null : rss - first
    })
    return { sessions, measured, grownBytes }
  } finally {
    for (const stop of stops.toReversed()) await stop()
  }
}

async function openPath(host: Host, count: number, stops: Stops): Promise<Path> {
  const opened: SessionSocket[] = []
  const load = await openLoad(
    count,
    async (onReturn) => {
      const session = await openSessionSocket(host.facts, onReturn)
      opened.push(session)
      return session
    },
    stops,
  )
  // Before the load closes its sockets: a session whose caller vanishes keeps its slot for a while.
  stops.push(async () => void (await Promise.all(opened.map((session) => session.end()))))
  return { name: host.name, load, cpuMs: () => host.cpuMs() }
}
