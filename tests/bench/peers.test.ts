// The bench of the peers runs to its end under the least load that makes a table. Figures are not judged here.
import { expect, it } from 'vitest'
import { findPeers, type PeersEnvironment } from '#tests/tooling/peers-environment.ts'
import { benchPeers, type PeersLoad } from './peers.ts'
import { idealMs, peersReport, whyBroken, type Contest } from './peers/peers-report.ts'
import type { Report } from './report.ts'

/** Programs start, frameworks are read, turns are spoken at the pace of life, one system after the other. */
const BENCH_TIMEOUT_MS = 120_000

const LOAD: PeersLoad = {
  delays: { sttMs: 30, llmMs: 20, ttsMs: 30 },
  replyMs: 300,
  scenes: [{ vad: 'scripted', sessions: 1, turnsPerSession: 2 }],
  warmUpTurns: 1,
}
const TERMS = { delays: { sttMs: 100, llmMs: 50, ttsMs: 100 }, silenceMs: 500 }
const peers = findPeers()

it(
  '[BEN32] peers measures Parley alone where the others’ environment is missing, and says how to add them',
  async () => {
    const report = await benchPeers(LOAD, 'missing')
    expectRows(report, ['Parley'])
    expect(report.notes.at(-1)).toMatch(/left out.*npm run bench -- peers --make/)
  },
  BENCH_TIMEOUT_MS,
)

it.skipIf(peers === undefined)(
  '[BEN30] peers speaks the same turns through Parley, Pipecat and LiveKit Agents, and puts them side by side',
  async () => {
    const report = await benchPeers(LOAD, peers as PeersEnvironment)
    expectRows(report, ['Parley', 'Pipecat', 'LiveKit Agents'])
    expect(report.notes.join('\n')).not.toMatch(/left out|broke/)
  },
  BENCH_TIMEOUT_MS,
)

it('[BEN30] what is over the ideal is the total less the silence and the engines, the same for everybody', () => {
  const report = peersReport([played({ totalMs: Array.from({ length: 60 }, (_, at) => 800 + at) })], TERMS, [])
  expect(idealMs(TERMS)).toBe(750)
  expect(column(report, 'total p50')).toEqual([829])
  expect(column(report, 'over ideal p50')).toEqual([79])
  expect(column(report, 'p95')).toEqual([106])
  // Sixty turns have no 99th percentile.
  expect(column(report, 'total p99')).toEqual([null])
  expect(column(report, 'CPU s/session-min')).toEqual([3])
})

it('[BEN31] a system breaks by lost turns or by replies that are late in half of them, and it is said why', () => {
  const times = (count: number, ms: number): number[] => Array.from({ length: count }, () => ms)
  expect(whyBroken(played({ totalMs: times(20, 1_250) }), TERMS)).toBeUndefined()
  expect(whyBroken(played({ totalMs: times(20, 1_251) }), TERMS)).toBe('p50 is 501 ms over the ideal, over 500')
  expect(whyBroken(played({ totalMs: times(19, 800), lost: ['no reply'] }), TERMS)).toBeUndefined()
  expect(whyBroken(played({ totalMs: times(18, 800), lost: ['no reply'] }), TERMS)).toBe('1 of 19 turns lost: no reply')
  expect(whyBroken(played({ totalMs: [], lost: ['a', 'a', 'b'] }), TERMS)).toBe('no turn got its reply: a, b')
})

function expectRows(report: Report, systems: string[]): void {
  expect(column(report, 'system')).toEqual(systems)
  for (const turns of column(report, 'turns')) expect(turns).toBe(2)
  for (const lost of column(report, 'lost')) expect(lost).toBe(0)
  // Nobody answers before the silence is over and the engines are through.
  for (const over of column(report, 'over ideal p50')) expect(over).toBeGreaterThan(0)
  if (process.platform !== 'linux') return
  for (const name of ['CPU s/session-min', 'RSS MB'])
    for (const cost of column(report, name)) expect(cost).toBeGreaterThan(0)
}

function played(given: Partial<Contest>): Contest {
  const scene = { vad: 'real' as const, sessions: 10, turnsPerSession: 6 }
  return { name: 'a', scene, totalMs: [], lost: [], cpuMs: 6_000, sessionMinutes: 2, rssBytes: 1, ...given }
}

function column(report: Report, name: string): Array<string | number | null> {
  const at = report.columns.findIndex((one) => one.name === name)
  return report.rows.map((row) => row[at] ?? null)
}
