// The lines that end `npm test`, and once the program itself on a failing and a passing file.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { countPytest } from './engines-tests.ts'
import { addCounts, countTests, coverageLine, leftOutLine, slowestLines, summaryLine } from './test-report.ts'

const file = (status: string, ...tests: string[]) => ({
  name: 'a.test.ts',
  startTime: 0,
  endTime: 0,
  status,
  assertionResults: tests.map((one) => ({ status: one })),
})
const reportOf = (passed: number, failed: number, pending: number, ...testResults: unknown[]) => ({
  numPassedTests: passed,
  numFailedTests: failed,
  numPendingTests: pending,
  testResults,
})
const lines = (pct: number | string) => ({ total: { lines: { pct } } })

describe('test-report', () => {
  it('[CHK7] counts tests, and a file that could not be loaded as one failure', () => {
    const counts = countTests(reportOf(2, 1, 1, file('passed', 'passed'), file('failed', 'failed'), file('failed')))
    expect(summaryLine(counts)).toBe('2 passed, 2 failed, 1 skipped')
    expect(summaryLine(countTests(reportOf(3, 0, 0, file('passed', 'passed'))))).toBe('3 passed, 0 failed')
  })

  it('[CHK7] adds what pytest counted, and counts a pytest that did not end as one failure', () => {
    const suite = '<testsuite name="pytest" errors="1" failures="2" skipped="1" tests="9" time="1.0">'
    const pytest = countPytest(`<?xml version="1.0"?><testsuites name="x">${suite}</testsuite></testsuites>`)
    expect(pytest).toEqual({ passed: 5, failed: 3, skipped: 1 })
    expect(countPytest('')).toEqual({ passed: 0, failed: 1, skipped: 0 })
    expect(addCounts(pytest, { passed: 1, failed: 1, skipped: 1 })).toEqual({ passed: 6, failed: 4, skipped: 2 })
  })

  it('[CHK7] says plainly when too little is covered', () => {
    expect(coverageLine(lines(92))).toBe('coverage: 92 % of lines')
    expect(coverageLine(lines(91.9))).toBe('coverage: 91.9 % of lines: BELOW the aim of 92 %')
    expect(coverageLine(lines('Unknown'))).toBe('coverage: no lines were measured')
  })

  it('[CHK12] names the slowest files, the slowest first, by their place in this folder', () => {
    const took = (name: string, startTime: number, endTime: number) => ({
      ...file('passed', 'passed'),
      name: resolve(name),
      startTime,
      endTime,
    })
    const report = reportOf(
      3,
      0,
      0,
      took('a/a.test.ts', 0, 900),
      took('b.test.ts', 500, 12_940),
      took('c.test.ts', 0, 1_000),
    )
    expect(slowestLines(report, 2)).toEqual(['slowest files:', '  12.4 s  b.test.ts', '   1.0 s  c.test.ts'])
    expect(slowestLines(reportOf(0, 0, 0), 2)).toEqual([])
  })

  it('[CHK7] says what was left out and how to add it', () => {
    const line = leftOutLine({ tests: 'browser tests', missing: 'no Chromium found', add: 'apt-get install chromium' })
    expect(line).toBe('left out: browser tests — no Chromium found; apt-get install chromium')
  })

  it('[CHK7] the program ends with the count and with vitest’s exit code', () => {
    const folder = mkdtempSync(join('tests', 'tooling', 'planted-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const plant = (name: string, body: string) =>
      writeFileSync(join(folder, name), `import { expect, it } from 'vitest'\nit('a', () => ${body})\n`)
    const run = () => {
      const done = spawnSync(process.execPath, ['tests/tooling/run-tests.ts', folder], { encoding: 'utf8' })
      expect(done.stdout).toMatch(/^slowest files:\n +\d+\.\d s {2}tests\/tooling\/planted-/m)
      return { status: done.status, last: done.stdout.trimEnd().split('\n').at(-1) }
    }
    plant('good.test.ts', 'expect(1).toBe(1)')
    expect(run()).toEqual({ status: 0, last: '1 passed, 0 failed' })
    plant('bad.test.ts', 'expect(1).toBe(2)')
    writeFileSync(join(folder, 'broken.test.ts'), "import './absent.ts'\n")
    expect(run()).toEqual({ status: 1, last: '1 passed, 2 failed' })
  })
})
