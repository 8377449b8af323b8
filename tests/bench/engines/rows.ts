// A figure and what is to be thought of it: the rows of the table. Pure.
import { quantile } from '#tests/bench/quantile.ts'
import type { Aim, Report } from '#tests/bench/report.ts'
import type { Target } from './targets.ts'

export interface Row {
  measured: string
  /** name@version, and whether it is there only to prove the loop. */
  engine: string
  n: number
  p50: number | null
  p95: number | null
  unit: string
  digits: number
  target?: Target | undefined
  earlier?: string | undefined
  /** Said in the place of a verdict. */
  remark?: string | undefined
  /** What went wrong: no aim is met by the figures of what was left. */
  failure?: string | undefined
}

interface RowFacts extends Pick<Row, 'measured' | 'engine' | 'target' | 'earlier' | 'remark' | 'failure'> {
  unit?: string
  digits?: number
}

export function rowOf(values: readonly number[], { unit = 'ms', digits = 0, ...facts }: RowFacts): Row {
  const of = (share: number): number | null => (values.length === 0 ? null : quantile(values, share))
  return { ...facts, unit, digits, n: values.length, p50: of(0.5), p95: of(0.95) }
}

/** Undefined where there is nothing to judge, or nothing to judge by. */
export function verdictOf({ target, p50, p95, remark, failure }: Row): 'met' | 'missed' | undefined {
  if (target && failure !== undefined) return 'missed'
  if (!target || remark !== undefined || p50 === null || p95 === null) return undefined
  return target.isMet({ p50, p95 }) ? 'met' : 'missed'
}

const NAMES = ['measured', 'engine', 'n', 'p50', 'p95', 'unit', 'target', 'verdict', 'earlier']
export const COLUMNS: Report['columns'] = NAMES.map((name) => ({ name }))

export function cellsOf(row: Row): Report['rows'][number] {
  const figure = (value: number | null): string | null => (value === null ? null : value.toFixed(row.digits))
  return [
    row.measured,
    row.engine,
    row.n,
    figure(row.p50),
    figure(row.p95),
    row.unit,
    row.target?.text ?? null,
    row.failure ?? row.remark ?? verdictOf(row) ?? null,
    row.earlier ?? null,
  ]
}

export function aimsOf(rows: readonly Row[]): Aim[] {
  return rows.flatMap((row) => {
    const verdict = verdictOf(row)
    if (verdict === undefined || row.target === undefined) return []
    const figures = `p50 ${row.p50?.toFixed(row.digits) ?? '-'}, p95 ${row.p95?.toFixed(row.digits) ?? '-'} ${row.unit}`
    const got = [figures, row.failure, `(${row.engine})`].filter(Boolean).join(' ')
    return [{ aim: `${row.measured}: ${row.target.text}`, got, isMet: verdict === 'met' }]
  })
}
