// Reads what vitest and its coverage wrote and says it in the lines that end `npm test`. It starts nothing.
import { relative } from 'node:path'
import * as v from 'valibot'
import type { Gap } from '#tests/tooling/hosts/gaps.ts'
import type { LeftOut } from './machine.ts'

/** The share of lines that the tests of this house should reach. */
export const COVERAGE_AIM = 92

const Report = v.object({
  numPassedTests: v.number(),
  numFailedTests: v.number(),
  numPendingTests: v.number(),
  numTodoTests: v.optional(v.number(), 0),
  testResults: v.array(
    v.object({
      name: v.string(),
      status: v.string(),
      /** Epoch milliseconds. */
      startTime: v.number(),
      endTime: v.number(),
      assertionResults: v.array(v.object({ status: v.string() })),
    }),
  ),
})

const Coverage = v.object({ total: v.object({ lines: v.object({ pct: v.union([v.number(), v.string()]) }) }) })

export interface Counts {
  passed: number
  failed: number
  skipped: number
}

/** A file that could not even be loaded holds no failed test, and is counted as one. */
export function countTests(json: unknown): Counts {
  const report = v.parse(Report, json)
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every(({ status }) => status !== 'failed'),
  )
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

export function addCounts(one: Counts, other: Counts): Counts {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
  }
}

export function summaryLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/** The files that took longest; a file that runs on both hosts may be there twice. */
export function slowestLines(json: unknown, count: number): string[] {
  const files = v
    .parse(Report, json)
    .testResults.map(({ name, startTime, endTime }) => ({ path: relative('.', name), ms: endTime - startTime }))
    .toSorted((one, other) => other.ms - one.ms)
    .slice(0, count)
    .map(({ path, ms }) => `${(ms / 1000).toFixed(1).padStart(6)} s  ${path}`)
  return files.length === 0 ? [] : ['slowest files:', ...files]
}

export function leftOutLine({ tests, missing, add }: LeftOut): string {
  return `left out: ${tests} — ${missing}; ${add}`
}

export function gapLine({ host, rule, what, reason }: Gap): string {
  return `known gap: ${host}: ${what} (${rule}) — ${reason}`
}

export function coverageLine(json: unknown): string {
  const percent = Number(v.parse(Coverage, json).total.lines.pct)
  if (Number.isNaN(percent)) return 'coverage: no lines were measured'
  const verdict = percent >= COVERAGE_AIM ? '' : `: BELOW the aim of ${COVERAGE_AIM} %`
  return `coverage: ${percent} % of lines${verdict}`
}
