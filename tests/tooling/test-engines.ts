// `npm run test:engines`: makes the Python workers' environment where it is missing, checks their code (ruff, mypy) and
// runs their tests. `-- --make` only makes it; `-- --without-f5` leaves F5-TTS and its torch out; paths go to pytest.
import { join } from 'node:path'
import { findEngines, makeEngines } from './engines-environment.ts'
import { testEngines } from './engines-tests.ts'
import { runHeld } from './held-program.ts'
import { findPython } from './machine.ts'
import { summaryLine } from './test-report.ts'

const SOURCES = ['gpu-node/engines/python', 'tests/gpu-node/engines/python']
/** Python whose packages are elsewhere: that for readers, and the peers of a bench. */
const EXAMPLES = ['tests/examples', 'tests/bench/peers']
const CONFIGURATION = join('gpu-node/engines/python', 'pyproject.toml')

const options = process.argv.slice(2)
const paths = options.filter((option) => !option.startsWith('--'))
const unknown = options.find((option) => option.startsWith('--') && option !== '--make' && option !== '--without-f5')
if (unknown) {
  console.log(`${unknown}: is not known here; known are --make, --without-f5`)
  process.exit(1)
}
const python = findPython()
if (!python) end('no python3 with venv: apt-get install python3-venv')
else if (!(await makeEngines(python, !options.includes('--without-f5')))) end('the environment could not be made whole')

const engines = findEngines()
if (engines && !options.includes('--make')) {
  const checks = [
    ['ruff', 'format', '--check', '--quiet', '--no-cache', '--config', CONFIGURATION, ...SOURCES, ...EXAMPLES],
    ['ruff', 'check', '--quiet', '--no-cache', '--config', CONFIGURATION, ...SOURCES, ...EXAMPLES],
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
  let isClean = true
  for (const check of checks) isClean = (await runsWell(engines.python, check)) && isClean
  const counts = await testEngines(engines, paths)
  console.log(summaryLine({ ...counts, failed: counts.failed + (isClean ? 0 : 1) }))
  if (!isClean || counts.failed > 0) process.exitCode = 1
}

async function runsWell(command: string, [module = '', ...args]: string[]): Promise<boolean> {
  const isWell = (await runHeld(command, ['-m', module, ...args])) === 0
  if (!isWell) console.log(`FAIL ${module} ${args[0]}`)
  return isWell
}

function end(why: string): void {
  console.log(why)
  process.exitCode = 1
}
