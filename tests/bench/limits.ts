// Bench: what stands before every route, the bound of a network address, as Parley does it and as hono-rate-limiter does: the time of a
// request, what a flood of addresses leaves behind, and how much passes at once around the end of a minute. In one process, through
// the middleware of each.
import { Hono } from 'hono'
import { rateLimiter } from 'hono-rate-limiter'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { limitAddresses } from '#edge/http/access/address-limits.ts'
import type { EdgePorts } from '#edge/ports.ts'
import { createLimits } from '#edge/runtime/node/limits.ts'
import { monotonicMs } from './monotonic.ts'
import { quantile } from './quantile.ts'
import type { Report } from './report.ts'

export interface LimitsLoad {
  /** Rounds, in which both take turns, and requests of each. */
  rounds: number
  requests: number
  /** Of the flood: each sends one request. */
  addresses: number
}

export const LIMITS_FULL: LimitsLoad = { rounds: 20, requests: 20_000, addresses: 200_000 }
export const LIMITS_SHORT: LimitsLoad = { rounds: 2, requests: 200, addresses: 2_000 }

/** A minute's requests of one address, in the trial of the minute's end. */
const RATE = 30
const WINDOW_MS = 60_000
const BEFORE_END_MS = 100
const MAX_SLOWDOWN = 1.5

interface Contender {
  name: string
  /** A house that lets `rate` requests a minute pass; `now` is its time. */
  build(rate: number, now: () => number): Hono
}

const CONTENDERS: readonly Contender[] = [
  {
    name: 'hono-rate-limiter 0.5.4',
    build: (limit) =>
      new Hono().use(rateLimiter({ windowMs: WINDOW_MS, limit, keyGenerator: (c) => c.req.header('x-address') ?? '' })),
  },
  {
    name: 'Parley',
    build: (addressRate, now) => {
      const ports = {
        clock: { now },
        limits: createLimits(),
        settings: { addressRate },
        addressOf: (c) => c.req.header('x-address') ?? '',
      } as Pick<EdgePorts, 'clock' | 'limits' | 'settings' | 'addressOf'>
      return new Hono().onError((_, c) => c.text('too many', 429)).use(limitAddresses(ports))
    },
  },
]

export async function benchLimits(load: LimitsLoad = LIMITS_FULL): Promise<Report> {
  const micros = await microsOf(load)
  const rows: Report['rows'] = []
  for (const [at, contender] of CONTENDERS.entries()) {
    const [atOnce, leftMb] = [await passedAtOnce(contender), await leftOf(contender, load.addresses)]
    rows.push([contender.name, quantile(micros[at] ?? [], 0.5), quantile(micros[at] ?? [], 0.95), leftMb, atOnce])
  }
  const figure = (row: number, column: number): number => Number(rows[row]?.[column] ?? NaN)
  const slowdown = figure(1, 1) / figure(0, 1)
  return {
    title: 'limits',
    baseline: 'hono-rate-limiter with its own store in memory',
    columns: [
      { name: 'limiter' },
      { name: 'µs/request p50', digits: 2 },
      { name: 'p95', digits: 2 },
      { name: `MB after ${load.addresses} addresses`, digits: 1 },
      { name: `passed within ${2 * BEFORE_END_MS} ms, of ${RATE}/min` },
    ],
    rows,
    notes: [
      'µs: of a request that passes, its app and middleware with it, by the mean of each round. MB: of the heap, after collection. passed:',
      'an address that asks once, and then all that it can just before and after a minute is over.',
    ],
    aims: [
      {
        aim: `a request takes < ${MAX_SLOWDOWN} × the baseline`,
        got: `${slowdown.toFixed(2)} ×`,
        isMet: slowdown < MAX_SLOWDOWN,
      },
      {
        aim: `not much more than ${RATE} pass at once`,
        got: `${figure(1, 4)} (baseline ${figure(0, 4)})`,
        isMet: figure(1, 4) <= RATE + 1,
      },
      {
        aim: 'a flood of addresses leaves less behind than the baseline',
        got: `${figure(1, 3).toFixed(1)} MB (baseline ${figure(0, 3).toFixed(1)})`,
        isMet: figure(1, 3) < figure(0, 3),
      },
    ],
  }
}

/** Of each contender, a figure a round; the first round only warms up. */
async function microsOf({ rounds, requests }: LimitsLoad): Promise<number[][]> {
  const apps = CONTENDERS.map(({ build }) => build(Number.MAX_SAFE_INTEGER, Date.now).get('/', (c) => c.text('ok')))
  const micros: number[][] = apps.map(() => [])
  for (let round = 0; round <= rounds; round++)
    for (const [at, app] of apps.entries()) {
      const startedAt = monotonicMs()
      for (let i = 0; i < requests; i++) await askedBy(app, `10.0.0.${i % 200}`)
      if (round > 0) micros[at]?.push(((monotonicMs() - startedAt) * 1_000) / requests)
    }
  return micros
}

async function leftOf({ build }: Contender, addresses: number): Promise<number> {
  const app = build(RATE, Date.now).get('/', (c) => c.text('ok'))
  const before = heapBytes()
  for (let i = 0; i < addresses; i++)
    await askedBy(app, `2001:db8:${(i >> 16).toString(16)}:${(i & 0xffff).toString(16)}::1`)
  const left = heapBytes() - before
  // It is in use until here.
  await askedBy(app, 'the last one')
  return left / 1e6
}

async function passedAtOnce({ build }: Contender): Promise<number> {
  const systemNow = Date.now
  let now = systemNow()
  // The baseline reads this clock and no other.
  Date.now = () => now
  try {
    const app = build(RATE, () => now).get('/', (c) => c.text('ok'))
    await askedBy(app, 'one')
    let passed = 0
    for (const step of [WINDOW_MS - BEFORE_END_MS, 2 * BEFORE_END_MS]) {
      now += step
      for (let i = 0; i < 2 * RATE; i++) if ((await askedBy(app, 'one')) === 200) passed++
    }
    return passed
  } finally {
    Date.now = systemNow
  }
}

async function askedBy(app: Hono, address: string): Promise<number> {
  return (await app.request('/', { headers: { 'x-address': address } })).status
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}
