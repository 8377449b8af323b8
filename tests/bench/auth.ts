// Bench: what knowing the caller and counting his requests cost. The same load, open loop, on a route that needs a key, a rate and the
// caller's row (GET /api/me) and on an address that is not there, which needs nothing of it, turn by turn in one run; the difference is the price.
import { Agent, request } from 'node:http'
import { systemClock } from '#shared/clock.ts'
import { startChild } from './child.ts'
import type { EdgeFacts } from './edge-process.ts'
import { monotonicMs } from './monotonic.ts'
import { median, quantile } from './quantile.ts'
import type { Report } from './report.ts'

export interface AuthLoad {
  perSecond: number
  rounds: number
  roundMs: number
}
export const AUTH_FULL: AuthLoad = { perSecond: 1_000, rounds: 8, roundMs: 4_000 }
export const AUTH_SHORT: AuthLoad = { perSecond: 200, rounds: 1, roundMs: 500 }

const MAX_P99_MS = 5
const TICK_MS = 5
const CONNECTIONS = 64
const WARM_UP_MS = 1_500

export async function benchAuth({ perSecond, rounds, roundMs }: AuthLoad): Promise<Report> {
  const edge = await startChild<EdgeFacts>('./edge-process.ts', {})
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  try {
    const { url, key } = edge.facts
    const routes: Route[] = [
      { name: 'an address that is not there', path: '/nowhere', headers: {}, status: 404 },
      { name: 'GET /api/me, key and rate', path: '/api/me', headers: { authorization: `Bearer ${key}` }, status: 200 },
    ]
    const took = routes.map((): number[][] => [])
    for (const { path, ...route } of routes)
      await load({ url: url + path, ...route, agent, perSecond, ms: Math.min(WARM_UP_MS, roundMs) })
    for (let round = 0; round < rounds; round++)
      for (const [at, { path, ...route }] of routes.entries())
        took[at]?.push(await load({ url: url + path, ...route, agent, perSecond, ms: roundMs }))
    const p99s = took.map((all) => all.map((ms) => quantile(ms, 0.99)))
    const added = (p99s[1] ?? []).map((p99, round) => p99 - (p99s[0]?.[round] ?? NaN))
    return {
      title: `auth: ${perSecond} requests a second, open loop, ${CONNECTIONS} connections`,
      baseline: 'the refusal of an unknown address by the same edge in the same run',
      columns: [
        { name: 'route' },
        { name: 'answers' },
        ...['p50 ms', 'p99 ms', 'p99 of the median round'].map((name) => ({ name, digits: 2 })),
      ],
      rows: routes.map(({ name }, at) => {
        const all = (took[at] ?? []).flat()
        return [name, all.length, quantile(all, 0.5), quantile(all, 0.99), median(p99s[at] ?? [])]
      }),
      notes: [
        'A request is timed from the moment at which it was due, so that one that had to wait for others counts in full.',
      ],
      aims: [
        {
          aim: `p99 that auth and limits add < ${MAX_P99_MS} ms at ${perSecond} requests/s (median round)`,
          got: `${median(added).toFixed(2)} ms`,
          isMet: median(added) < MAX_P99_MS,
        },
      ],
    }
  } finally {
    agent.destroy()
    await edge.stop()
  }
}

interface Route {
  name: string
  path: string
  headers: Record<string, string>
  /** Of a right answer. */
  status: number
}

interface Load extends Pick<Route, 'headers' | 'status'> {
  url: string
  agent: Agent
  perSecond: number
  ms: number
}

/** Milliseconds of each request. Throws an Error where one is refused: what is measured would be the refusal. */
async function load({ url, perSecond, ms, ...how }: Load): Promise<number[]> {
  const startedAt = monotonicMs()
  const total = Math.round((perSecond * ms) / 1000)
  const asked: Promise<number>[] = []
  while (asked.length < total) {
    const due = Math.min(total, Math.floor(((monotonicMs() - startedAt) * perSecond) / 1000) + 1)
    for (let i = asked.length; i < due; i++) asked.push(ask(url, { ...how, dueAt: startedAt + (i * 1000) / perSecond }))
    await systemClock.sleep(TICK_MS)
  }
  return Promise.all(asked)
}

function ask(url: string, { headers, status, agent, dueAt }: Asking): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { headers, agent }, (answer) => {
      if (answer.statusCode !== status) return reject(new Error(`${url} answered ${answer.statusCode}`))
      answer.resume().once('end', () => resolve(monotonicMs() - dueAt))
    })
      .once('error', reject)
      .end()
  })
}

type Asking = Pick<Load, 'headers' | 'status' | 'agent'> & { dueAt: number }
