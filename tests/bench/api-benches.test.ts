// The benches of the API run to their end under the least load that makes a table. Figures are not judged here.
import { expect, it } from 'vitest'
import { benchAuth } from './auth.ts'
import { benchFuzz } from './fuzz.ts'
import { benchHistory } from './history.ts'
import { benchLimits } from './limits.ts'
import { benchTasks, TASKS_SHORT } from './tasks.ts'

const BENCH_TIMEOUT_MS = 60_000

it(
  '[BEN17] fuzz asks every kind of thing, counts the answers and shows what is wrong with them',
  async () => {
    const { rows, aims, notes } = await benchFuzz({ requests: 200 })
    expect(rows.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(200)
    expect(rows.map(([status]) => status)).toEqual(expect.arrayContaining([200, 400, 404]))
    expect([aims[0]?.got, notes]).toEqual(['0 of 200', []])
  },
  BENCH_TIMEOUT_MS,
)

it(
  '[BEN18] history fills a database and reads it over HTTP in every way that is measured',
  async () => {
    const { rows, aims } = await benchHistory({ conversations: 200, turnsEach: 10, repetitions: 1 })
    expect(rows.map(([what]) => what)).toContain('search: 天氣')
    for (const [, count, p50] of rows) expect([count, Number(p50) > 0]).toEqual([1, true])
    expect(rows.at(-1)?.[0]).toBe('delete a user of 10 conversations')
    expect(aims.length).toBeGreaterThan(12)
  },
  BENCH_TIMEOUT_MS,
)

it(
  '[BEN19] auth measures both routes at the same rate, and what the one costs more',
  async () => {
    const { rows, aims } = await benchAuth({ perSecond: 100, rounds: 1, roundMs: 300 })
    expect(rows.map(([, count]) => count)).toEqual([30, 30])
    expect(aims).toHaveLength(1)
  },
  BENCH_TIMEOUT_MS,
)

it('[BEN20] limits holds the bound of an address against hono-rate-limiter, and around the end of a minute lets no double pass', async () => {
  const { rows, aims } = await benchLimits({ rounds: 1, requests: 20, addresses: 50 })
  expect(rows.map(([name]) => name)).toEqual(['hono-rate-limiter 0.5.4', 'Parley'])
  for (const [, p50] of rows) expect(Number(p50)).toBeGreaterThan(0)
  expect(rows.map((row) => row.at(-1))).toEqual([59, 30])
  expect(aims).toHaveLength(3)
})

it(
  '[BEN25] tasks does each scenario to its end, each task once and the urgent first, against BullMQ where there is redis-server',
  async () => {
    const { rows, aims } = await benchTasks(TASKS_SHORT)
    const ours = rows.filter(([, house]) => house === 'Parley')
    expect(ours.map(([name]) => name)).toEqual(['short', 'long', 'mixed', 'failing', 'leak', 'steady'])
    for (const row of ours) expect(row.slice(6, 8)).toEqual([0, 0])
    expect(aims).toHaveLength(6)
  },
  BENCH_TIMEOUT_MS,
)
