// `npm run test:engines`: makes the Python workers' environment where it is missing, checks their code (ruff, mypy) and
// runs their tests. `-- --make` only makes it; `-- --without-f5` leaves F5-TTS and its torch out; paths go to pytest.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { findEngines, makeEngines } from './engines-environment.ts'
import { testEngines } from './engines-tests.ts'
import { findPython } from './machine.ts'
import { summaryLine } from './test-report.ts'

const SOURCES = ['gpu-node/engines/python', 'tests/gpu-node/engines/python']
/** Python that is shown to readers: they are told of types where these help. */
const EXAMPLES = 'tests/examples'
const CONFIGURATION = join('gpu-node/engines/python', 'pyproject.toml')

const options = process.argv.slice(2)
const paths = options.filter((option) => !option.startsWith('--'))
const python = findPython()
if (!python) end('no python3 with venv: apt-get install python3-venv')
else if (!makeEngines(python, !options.includes('--without-f5'))) end('the environment could not be made whole')

const engines = findEngines()
if (engines && !options.includes('--make')) {
  const checks = [
    ['ruff', 'format', '--check', '--quiet', '--no-cache', '--config', CONFIGURATION, ...SOURCES, EXAMPLES],
    ['ruff', 'check', '--quiet', '--no-cache', '--config', CONFIGURATION, ...SOURCES, EXAMPLES],
    // It reads torch's types, too, and knows F5's only where they are installed.
    ...(engines.hasF5
      ? [
          [
            'mypy',
            '--no-error-summary',
            '--cache-dir',
            '.venv-engines/mypy',
            '--config-file',
            CONFIGURATION,
            ...SOURCES,
          ],
        ]
      : []),
  ]
  const isClean = checks.map((check) => runsWell(engines.python, check)).every(Boolean)
  const counts = testEngines(engines, paths)
  console.log(summaryLine({ ...counts, failed: counts.failed + (isClean ? 0 : 1) }))
  if (!isClean || counts.failed > 0) process.exitCode = 1
}

function runsWell(command: string, [module = '', ...args]: string[]): boolean {
  const done = spawnSync(command, ['-m', module, ...args], { stdio: 'inherit' })
  if (done.status !== 0) console.log(`FAIL ${module} ${args[0]}`)
  return done.status === 0
}

function end(why: string): void {
  console.log(why)
  process.exitCode = 1
}
