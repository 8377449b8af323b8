// Each bench runs to its end under the least load that makes a table. Figures are not judged here: they need a quiet machine.
import { expect, it } from 'vitest'
import { benchBackup } from './backup.ts'
import { benchEmbedded } from './embedded.ts'
import { benchFlood } from './flood.ts'
import { quantile } from './quantile.ts'
import { benchRelay } from './relay.ts'
import { printReport, type Report } from './report.ts'
import { benchSafety } from './safety.ts'
import { benchVad } from './vad.ts'
import { criticalPathMs } from './voice-report.ts'
import { benchVoiceToVoice } from './voice-to-voice.ts'

/** Programs start, engines warm up, turns are spoken at the pace of life. */
const BENCH_TIMEOUT_MS = 60_000

it(
  '[BEN1] voice-to-voice splits a turn with and without speculation, and its parts add up to the whole',
  async () => {
    const delays = { sttMs: 30, llmMs: 20, ttsMs: 30 }
    const scene = { sessions: 1, turnsPerSession: 1 }
    const scenes = [
      { ...scene, vad: 'scripted' as const, speculation: false },
      { ...scene, vad: 'real' as const, speculation: true },
    ]
    const report = await benchVoiceToVoice({ delays, replyMs: 300, scenes, warmUpTurns: 1 })
    expect(column(report, 'VAD')).toEqual(['scripted', 'real'])
    const [total, overhead] = ['total p50', 'overhead p50'].map((name) => column(report, name).map(Number))
    const parts = ['silence', 'VAD lag', 'frame', 'uplink', 'node'].map((name) => column(report, name).map(Number))
    for (const [row, enginesMs] of [80, 0].entries()) {
      expect(overhead?.[row]).toBeGreaterThan(0)
      const sum = parts.reduce((all, part) => all + (part[row] ?? NaN), enginesMs)
      expect(total?.[row]).toBeCloseTo(sum, 3)
      expect(Number(column(report, 'CPU s/session-min')[row])).toBeGreaterThan(0)
    }
    // One turn has no 99th percentile, and so meets and misses nothing.
    expect(column(report, 'overhead p99')).toEqual([null, null])
    expect(report.aims).toEqual([])
  },
  BENCH_TIMEOUT_MS,
)

it(
  '[BEN2] relay sends the same frames over each path, measures their way and counts what the edge costs',
  async () => {
    const pace = { sessions: 2, perSecond: 50, rounds: 1, roundMs: 300, warmUpMs: 100, wakeUpMs: 0, stepMs: 0 }
    const load = { ...pace, hasWorkers: false }
    const report = await benchRelay(load)
    expect(column(report, 'path').at(0)).toBe('direct echo')
    expect(column(report, 'path').slice(-2)).toEqual(['bare ws relay', 'edge → node'])
    expect(new Set(column(report, 'frames each way'))).toEqual(new Set([30]))
    for (const ms of column(report, 'p50')) expect(ms).toBeGreaterThan(0)
    expect(Number(column(report, 'CPU µs/message').at(-1))).toBeGreaterThan(0)
    expect(Number(column(report, 'CPU × bare').at(-1))).toBeGreaterThan(0)
    expect(report.aims).toHaveLength(2)
    expect(column(report, 'added p99').at(0)).toBeNull()
  },
  BENCH_TIMEOUT_MS,
)

it(
  '[BEN24] backup measures a backup beside calls, its verification and its restore',
  async () => {
    const report = await benchBackup({ turns: 500, audioMb: 1, sessions: 1, quietMs: 300 })
    expect(column(report, 'work')).toEqual([
      'relay without',
      'first backup',
      'second backup',
      'verification',
      'restore',
    ])
    for (const seconds of column(report, 's').slice(1)) expect(seconds).toBeGreaterThan(0)
    expect(report.aims).toHaveLength(2)
  },
  BENCH_TIMEOUT_MS,
)

it('[VAD8] vad measures a frame of both arithmetics in turns', async () => {
  const report = await benchVad({ rounds: 1, frames: 20 })
  expect(column(report, 'arithmetic')).toEqual(['TypeScript loops', 'WebAssembly SIMD'])
  for (const ms of column(report, 'CPU ms/frame p50')) expect(ms).toBeGreaterThan(0)
  expect(report.aims).toHaveLength(1)
})

it('[SAF24] safety measures the corpus, its held-out part, and what a text costs', async () => {
  const report = await benchSafety({ rounds: 1, repeats: 1 })
  expect(column(report, 'filter')).toHaveLength(4)
  for (const micros of column(report, 'µs mean')) expect(micros).toBeGreaterThan(0)
  expect(
    column(report, 'attacks passed %')
      .slice(0, 2)
      .map(Number)
      .every((share) => share < 100),
  ).toBe(true)
  expect(report.aims).toHaveLength(3)
})

it(
  '[BEN3] embedded measures the idle loop and a session that really speaks',
  async () => {
    const report = await benchEmbedded({ sessions: [1], turnsPerSession: 1, idleMs: 100 })
    expect(column(report, 'sessions')).toEqual([0, 1])
    expect(Number(column(report, 'real-time factor')[1])).toBeGreaterThan(0)
    expect(Number(column(report, 'voice-to-voice p50')[1])).toBeGreaterThan(400)
    expect(Number(column(report, 'node RSS MB')[0])).toBeGreaterThan(0)
  },
  BENCH_TIMEOUT_MS,
)

it(
  '[BEN21] flood measures a ping without and with each flood, and the floods are hung up on',
  async () => {
    const report = await benchFlood({ kinds: ['tiny JSON', 'text.send'], ms: 300 })
    expect(column(report, 'flood')).toEqual(['tiny JSON', 'text.send'])
    for (const ms of ['p99 ms', 'p99 in flood'].flatMap((name) => column(report, name))) expect(ms).toBeGreaterThan(0)
    for (const frames of column(report, 'frames sent')) expect(frames).toBeGreaterThan(40)
    expect(report.aims).toHaveLength(2)
  },
  BENCH_TIMEOUT_MS,
)

it('[BEN4] a report names the machine without its host, its baseline, and each aim that was not met', () => {
  const aims = [{ aim: 'added p99 < 5 ms', got: '7 ms', isMet: false }]
  const table = {
    columns: [{ name: 'path' }, { name: 'p50', digits: 2 }],
    rows: [
      ['direct', 0.257],
      ['edge', null],
    ],
  }
  const text = printReport({ title: 'relay', baseline: 'direct', ...table, notes: ['ms'], aims })
  expect(text.split('\n').slice(3)).toEqual([
    '  path   p50',
    '------  ----',
    'direct  0.26',
    '  edge     -',
    '',
    'ms',
    '',
    'NOT MET  added p99 < 5 ms: 7 ms',
  ])
  expect(text).toMatch(/^relay · \d+ cores, .+, node \d+\.\d+\.\d+, \w+ \w+\nbaseline: direct\n/)
})

it('[BEN5] a quantile is a value that was seen; of nothing there is none', () => {
  const values = [5, 1, 4, 2, 3]
  expect([0, 0.2, 0.5, 0.99, 1].map((share) => quantile(values, share))).toEqual([1, 1, 3, 5, 5])
  expect(quantile([], 0.5)).toBeNaN()
})

it('[BEN6] speculation takes the silence after the soft end off the engines’ critical path, never more', () => {
  const fast = { sttMs: 100, llmMs: 50, ttsMs: 100 }
  const slow = { sttMs: 200, llmMs: 150, ttsMs: 100 }
  expect(criticalPathMs({ delays: fast, speculation: false })).toBe(250)
  expect(criticalPathMs({ delays: fast, speculation: true })).toBe(0)
  // 16 VAD frames of 32 ms until the hard end, 7 until the soft one.
  expect(criticalPathMs({ delays: slow, speculation: true })).toBe(450 - 9 * 32)
})

function column(report: Report, name: string): Array<string | number | null> {
  const at = report.columns.findIndex((one) => one.name === name)
  return report.rows.map((row) => row[at] ?? null)
}
