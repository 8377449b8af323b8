// The row of the Workers host in the bench of the relay: on bare workerd, under the least load that makes a table.
import { expect, it } from 'vitest'
import { benchRelay } from '#tests/bench/relay.ts'

it('[WRK3] the bench of the relay has a row of the edge on bare workerd, and counts what it costs', async () => {
  const pace = { sessions: 2, perSecond: 50, rounds: 1, roundMs: 300, warmUpMs: 100, wakeUpMs: 0, stepMs: 0 }
  const load = { ...pace, hasWorkers: true }
  const { columns, rows } = await benchRelay(load)
  const row = new Map(columns.map(({ name }, at) => [name, rows.at(-1)?.[at]]))
  expect(row.get('path')).toBe('workers → node')
  expect(row.get('frames each way')).toBe(30)
  expect(Number(row.get('p50'))).toBeGreaterThan(0)
})
