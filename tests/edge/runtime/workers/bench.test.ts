// The benches of the Workers host: on bare workerd, under the least load that makes a table. Figures are not judged here.
import { expect, it } from 'vitest'
import { benchHosts } from '#tests/bench/hosts.ts'
import { benchRelay } from '#tests/bench/relay.ts'

const PACE = { perSecond: 50, rounds: 1, roundMs: 300, warmUpMs: 100, wakeUpMs: 0, stepMs: 0 }

it('[WRK3] the bench of the relay has a row of the edge on bare workerd, and counts what it costs', async () => {
  const { columns, rows } = await benchRelay({ ...PACE, sessions: 2, hasWorkers: true })
  const row = new Map(columns.map(({ name }, at) => [name, rows.at(-1)?.[at]]))
  expect(row.get('path')).toBe('workers → node')
  expect(row.get('frames each way')).toBe(30)
  expect(Number(row.get('p50'))).toBeGreaterThan(0)
})

it('[BEN9] the bench of the hosts has both side by side with their ratio, and judges its aims on workerd', async () => {
  const list = { rounds: 1, roundMs: 200, warmUpMs: 0 }
  const load = { list, setUps: 2, warmUpSetUps: 0, relay: PACE, sessions: [1, 2] }
  const { columns, rows, aims } = await benchHosts(load)
  expect(columns.map(({ name }) => name)).toEqual(['figure', 'direct echo', 'Node', 'workerd', 'workerd × Node'])
  const row = (figure: string): number[] => (rows.find(([name]) => name === figure) ?? []).slice(2).map(Number)
  const measured = [
    'list, requests/s',
    'set-up p50, ms',
    'set-up p95, ms',
    'relay at 1, p50, ms',
    'relay at 2, p99, ms',
  ]
  for (const figure of measured) {
    const [node = 0, workerd = 0, ratio = 0] = row(figure)
    expect(Math.min(node, workerd), figure).toBeGreaterThan(0)
    expect(ratio, figure).toBeGreaterThan(0)
  }
  expect(row('relay at 2, lost')).toHaveLength(3)
  expect(row('relay at 2, memory KiB/session')).toHaveLength(3)
  expect(aims.map(({ aim }) => aim)).toEqual([
    'added p99 on workerd < 5 ms at 1 sessions',
    'set-up p95 on workerd < 150 ms',
  ])
})
