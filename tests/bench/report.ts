// What a bench hands back, and how it is printed: one line on the machine, one table, what is compared with what, and the
// aims with what was reached. It knows no bench.
import { availableParallelism, cpus } from 'node:os'

export interface Column {
  name: string
  /** Digits behind the point. */
  digits?: number
}

export interface Aim {
  aim: string
  got: string
  isMet: boolean
}

export interface Report {
  title: string
  /** What the ratios of the table are against. */
  baseline: string
  columns: Column[]
  /** null: does not apply here. */
  rows: Array<Array<string | number | null>>
  /** How to read the columns. */
  notes: string[]
  aims: Aim[]
}

export function printReport(report: Report): string {
  const { title, baseline, columns, rows, notes, aims } = report
  const cells = [
    columns.map(({ name }) => name),
    ...rows.map((row) => row.map((cell, at) => cellText(cell, columns[at]))),
  ]
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0)))
  const [head = '', ...body] = cells.map((row) => row.map((text, at) => text.padStart(widths[at] ?? 0)).join('  '))
  const verdicts = aims.map(({ aim, got, isMet }) => `${isMet ? 'met    ' : 'NOT MET'}  ${aim}: ${got}`)
  return [
    `${title} · ${machineLine()}`,
    `baseline: ${baseline}`,
    '',
    head,
    widths.map((width) => '-'.repeat(width)).join('  '),
    ...body,
    '',
    ...notes,
    ...(verdicts.length > 0 ? ['', ...verdicts] : []),
  ].join('\n')
}

/** Nothing here tells whose machine it is. */
function machineLine(): string {
  const cores = availableParallelism()
  const model = cpus()[0]?.model.trim() ?? 'unknown CPU'
  return `${cores} cores, ${model}, node ${process.versions.node}, ${process.platform} ${process.arch}`
}

function cellText(cell: string | number | null, column: Column | undefined): string {
  if (cell === null) return '-'
  return typeof cell === 'number' ? cell.toFixed(column?.digits ?? 0) : cell
}
