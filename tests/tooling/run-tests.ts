// `npm test`: runs vitest and, over the Python workers, pytest. Then it names the slowest files, says what was left out and
// what was covered, and ends with the count of tests.
// Arguments are passed on (`npm test -- tests/shared/link`); coverage is measured only when the whole suite runs.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GAPS } from '#tests/tooling/hosts/gaps.ts'
import { findEngines } from './engines-environment.ts'
import { testEngines } from './engines-tests.ts'
import { runHeld } from './held-program.ts'
import { listLeftOut } from './machine.ts'
import {
  addCounts,
  type Counts,
  countTests,
  coverageLine,
  gapLine,
  leftOutLine,
  slowestLines,
  summaryLine,
} from './test-report.ts'

const SLOWEST = 20
const COVERAGE_SUMMARY = 'coverage/coverage-summary.json'
/** Where vitest wrote no report it did not get as far as a test: that is one failure. */
const NOTHING_RAN: Counts = { passed: 0, failed: 1, skipped: 0 }

const passedOn = process.argv.slice(2)
const isWhole = passedOn.length === 0
const folder = mkdtempSync(join(tmpdir(), 'parley-tests-'))
const reportFile = join(folder, 'report.json')
rmSync(COVERAGE_SUMMARY, { force: true })

const vitest = await runHeld(process.execPath, [
  'node_modules/vitest/vitest.mjs',
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${reportFile}`,
  ...(isWhole ? ['--coverage'] : []),
  ...passedOn,
])

const engines = isWhole ? findEngines() : undefined
const report = existsSync(reportFile) ? readJson(reportFile) : undefined
const ofVitest = report === undefined ? NOTHING_RAN : countTests(report)
const ofPytest = engines && (await testEngines(engines))
const counts = ofPytest ? addCounts(ofVitest, ofPytest) : ofVitest
rmSync(folder, { recursive: true, force: true })
if (report !== undefined) for (const line of slowestLines(report, SLOWEST)) console.log(line)
for (const leftOut of listLeftOut()) console.log(leftOutLine(leftOut))
for (const gap of GAPS) console.log(gapLine(gap))
if (isWhole)
  console.log(existsSync(COVERAGE_SUMMARY) ? coverageLine(readJson(COVERAGE_SUMMARY)) : 'coverage: not measured')
console.log(summaryLine(counts))
process.exitCode = vitest !== 0 || (ofPytest && ofPytest.failed > 0) ? 1 : 0

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'))
}
