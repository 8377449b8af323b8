// Runs pytest over tests/gpu-node/engines/python in the engines' environment, and counts what passed. Used by run-tests.ts and
// test-engines.ts.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EnginesEnvironment } from './engines-environment.ts'
import { runHeld } from './held-program.ts'
import type { Counts } from './test-report.ts'

const CONFIGURATION = 'gpu-node/engines/python/pyproject.toml'
/** Two workers are started and asked a thousand times, which takes a busy machine a few minutes. */
const TIMEOUT_MS = 8 * 60_000
const NEEDS_F5 = ['tests/gpu-node/engines/python/test_f5_engine.py', 'tests/gpu-node/engines/python/test_speech.py']

export async function testEngines({ python, hasF5 }: EnginesEnvironment, passedOn: string[] = []): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-engines-'))
  const report = join(folder, 'report.xml')
  const ignored = hasF5 ? [] : NEEDS_F5.map((file) => `--ignore=${file}`)
  const options = ['-c', CONFIGURATION, '-q', '-p', 'no:cacheprovider', `--junitxml=${report}`, ...ignored]
  const tests = passedOn.length > 0 ? passedOn : ['tests/gpu-node/engines/python']
  // Without -P a folder of ours, such as coverage/, would be taken for a package of that name.
  await runHeld(python, ['-P', '-m', 'pytest', ...options, ...tests], {
    timeoutMs: TIMEOUT_MS,
    // Leaves no __pycache__ behind in the sources.
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  })
  const xml = existsSync(report) ? readFileSync(report, 'utf8') : ''
  rmSync(folder, { recursive: true, force: true })
  return countPytest(xml)
}

/** Where pytest wrote no report it did not get to its end: that is one failure. */
export function countPytest(xml: string): Counts {
  const suite = /<testsuite\b[^>]*>/.exec(xml)?.[0]
  if (!suite) return { passed: 0, failed: 1, skipped: 0 }
  const count = (name: string): number => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(suite)?.[1] ?? 0)
  const failed = count('failures') + count('errors')
  return { passed: count('tests') - failed - count('skipped'), failed, skipped: count('skipped') }
}
