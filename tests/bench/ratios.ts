// Bench for CI: one short bench of each kind, and each figure against the baseline in ratios.json. A figure is a ratio within its own run,
// or processor time in units of a fixed piece of work, so that machines compare. It fails only where a figure is over three times its
// baseline in two runs: a machine's mood is not a fault.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import * as v from 'valibot'
import { benchLimits, LIMITS_SHORT } from './limits.ts'
import { benchRelay, RELAY_SHORT } from './relay.ts'
import type { Report } from './report.ts'
import { benchSafety, SAFETY_SHORT } from './safety.ts'
import { benchVad, VAD_SHORT } from './vad.ts'
import { benchVoiceToVoice, VOICE_SHORT } from './voice-to-voice.ts'

const FILE = new URL('ratios.json', import.meta.url)
const Baseline = v.record(v.string(), v.pipe(v.number(), v.gtValue(0)))
export type Baseline = v.InferOutput<typeof Baseline>

export const MAX_RATIO = 3

export interface Kind {
  name: string
  run: () => Promise<Report>
  /** Less is better. */
  figures: Record<string, (report: Report, unitMs: number) => number>
}

const RELAY_RATIOS = { ...RELAY_SHORT, sessions: 25, hasWorkers: false, stepMs: 0 }
const VOICE_RATIOS = { ...VOICE_SHORT, scenes: VOICE_SHORT.scenes.filter(({ sessions }) => sessions === 10) }

/** Of the safety bench's columns. */
const MEAN_MICROS = 4

const KINDS: readonly Kind[] = [
  {
    name: 'relay',
    run: () => benchRelay(RELAY_RATIOS),
    figures: {
      'CPU a message, × a bare ws relay': (report) => cell(report, 'edge → node', 'CPU × bare'),
      'p50, × a bare ws relay': (report) => cell(report, 'edge → node', 'p50') / cell(report, 'bare ws relay', 'p50'),
    },
  },
  {
    name: 'voice-to-voice',
    run: () => benchVoiceToVoice(VOICE_RATIOS),
    figures: {
      'CPU of a session-minute with the real VAD, in units': (report, unitMs) =>
        (1_000 * cell(report, 'real', 'CPU s/session-min')) / unitMs,
    },
  },
  {
    name: 'vad',
    run: () => benchVad(VAD_SHORT),
    figures: {
      'CPU a frame, × TypeScript loops': (report) =>
        cell(report, 'WebAssembly SIMD', 'CPU ms/frame p50') / cell(report, 'TypeScript loops', 'CPU ms/frame p50'),
    },
  },
  {
    name: 'limits',
    run: () => benchLimits(LIMITS_SHORT),
    figures: {
      'a request, × hono-rate-limiter': (report) =>
        cell(report, 'Parley', 'µs/request p50') / cell(report, 'hono-rate-limiter 0.5.4', 'µs/request p50'),
    },
  },
  {
    name: 'safety',
    run: () => benchSafety(SAFETY_SHORT),
    figures: {
      'a text of the corpus, in thousandths of a unit': (report, unitMs) =>
        Number(report.rows[0]?.[MEAN_MICROS]) / unitMs,
    },
  },
]

export interface RatiosOptions {
  kinds?: readonly Kind[]
  baseline?: Baseline
  unitMs?: number
}

/** The report, and whether no figure is over MAX_RATIO times its baseline in both of two runs. */
export async function benchRatios(
  options: RatiosOptions = {},
): Promise<{ report: Report; isWithin: boolean; figures: Baseline }> {
  const { kinds = KINDS, baseline = readBaseline(), unitMs = measureUnitMs() } = options
  const rows: Report['rows'] = []
  const figures: Baseline = {}
  const beyond: string[] = []
  for (const kind of kinds) {
    let measured = await measure(kind, unitMs)
    let runs = 1
    if (isBeyond(measured, baseline)) {
      measured = best(measured, await measure(kind, unitMs))
      runs = 2
    }
    for (const [name, figure] of Object.entries(measured)) {
      const before = baseline[name]
      const ratio = before === undefined ? null : figure / before
      figures[name] = figure
      rows.push([name, before ?? null, figure, ratio, runs])
      if (ratio !== null && ratio > MAX_RATIO) beyond.push(`${name}: ${ratio.toFixed(1)} ×`)
    }
  }
  const isWithin = beyond.length === 0
  return {
    isWithin,
    figures,
    report: {
      title: 'ratios',
      baseline: 'tests/bench/ratios.json; npm run bench -- ratios --write measures it anew',
      columns: [
        { name: 'figure' },
        { name: 'baseline', digits: 3 },
        { name: 'now', digits: 3 },
        { name: '× baseline', digits: 2 },
        { name: 'runs' },
      ],
      rows,
      notes: [`A unit is the processor time of ${UNIT_HASHES} MiB hashed: ${unitMs.toFixed(1)} ms here.`],
      aims: [
        {
          aim: `no figure over ${MAX_RATIO} × its baseline in two runs`,
          got: beyond.join(', ') || 'none',
          isMet: isWithin,
        },
      ],
    },
  }
}

export function writeBaseline(figures: Baseline): void {
  const rounded = Object.fromEntries(
    Object.entries(figures).map(([name, figure]) => [name, Number(figure.toPrecision(3))]),
  )
  writeFileSync(FILE, `${JSON.stringify(rounded, undefined, 2)}\n`)
}

const readBaseline = (): Baseline => v.parse(Baseline, JSON.parse(readFileSync(FILE, 'utf8')))

async function measure({ name, run, figures }: Kind, unitMs: number): Promise<Baseline> {
  const report = await run()
  return Object.fromEntries(
    Object.entries(figures).map(([what, of]) => {
      const figure = of(report, unitMs)
      if (!(figure > 0)) throw new Error(`${name}: ${what}: the bench gave no figure`)
      return [`${name}: ${what}`, figure]
    }),
  )
}

const isBeyond = (measured: Baseline, baseline: Baseline): boolean =>
  Object.entries(measured).some(([name, figure]) => figure > MAX_RATIO * (baseline[name] ?? Infinity))

const best = (one: Baseline, other: Baseline): Baseline =>
  Object.fromEntries(Object.entries(one).map(([name, figure]) => [name, Math.min(figure, other[name] ?? figure)]))

/** The number in the row that has this first cell. Of several rows, the last one: it has the most sessions. */
function cell({ columns, rows }: Report, row: string, column: string): number {
  const at = columns.findIndex(({ name }) => name === column)
  return Number(rows.findLast(([first]) => first === row)?.[at] ?? NaN)
}

const UNIT_HASHES = 32
const UNIT_TRIES = 5

/** Processor time of a fixed piece of work, in ms: the least of some tries. */
function measureUnitMs(): number {
  const bytes = new Uint8Array(2 ** 20)
  const tries = Array.from({ length: UNIT_TRIES }, () => {
    const before = process.cpuUsage()
    for (let i = 0; i < UNIT_HASHES; i++) createHash('sha256').update(bytes).digest()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1_000
  })
  return Math.min(...tries)
}
