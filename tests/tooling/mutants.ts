// `npm run mutants [-- --sample 400 --seed 1 --only shared/link]`: makes a seeded sample of wrong changes to the heart of the house,
// one at a time, and counts how many its tests notice. Writes the list with the verdict on each to tests/fixtures/mutants.json
// where the whole sample ran. Not part of `npm test`: it takes half an hour.
import { spawn } from 'node:child_process'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { describeMutant, mutantsOf, type Mutant } from './mutate.ts'

/** What is changed, and the tests that should notice. */
const AREAS = [
  { sources: 'shared/link/*.ts', tests: ['tests/shared/link'] },
  { sources: 'shared/{heard,machine,backoff}.ts', tests: ['tests/shared'] },
  { sources: 'gpu-node/turn/**/*.ts', tests: ['tests/gpu-node/turn'] },
  { sources: 'edge/session/*.ts', tests: ['tests/edge/session'] },
  { sources: 'edge/fleet/*.ts', tests: ['tests/edge/fleet', 'tests/edge/session'] },
]
const LIST = 'tests/fixtures/mutants.json'
/** Of the mutants that must be noticed. */
const AIM = 0.85
/** Longer than the tests of any area; a change that hangs everything was noticed. */
const RUN_TIMEOUT_MS = 120_000

interface Candidate extends Mutant {
  file: string
  area: string
  tests: string[]
}
interface Verdict {
  file: string
  line: number
  kind: Mutant['kind']
  before: string
  after: string
  isKilled: boolean
}

const { values } = parseArgs({
  options: {
    sample: { type: 'string', default: '400' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
})
const all = candidates().filter(({ file }) => file.startsWith(values.only ?? ''))
const sample = shuffled(all, Number(values.seed)).slice(0, Number(values.sample))
if (sample.length === 0) throw new Error('no source to change: --only names the beginning of a path')

for (const tests of new Set(sample.map((one) => one.tests.join(' '))))
  if (await isNoticed(undefined, tests.split(' '))) throw new Error(`${tests} fail without any change`)

const verdicts: Verdict[] = []
const waiting = [...sample]
await Promise.all(Array.from({ length: availableParallelism() }, () => work()))
verdicts.sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line)
for (const { sources } of AREAS)
  print(
    sources,
    verdicts.filter(({ file }) => globSync(sources).includes(file)),
  )
const share = print('all', verdicts)
for (const one of verdicts)
  if (!one.isKilled) console.log(`survived  ${one.file}:${one.line}  ${one.before}  →  ${one.after}`)
if (values.only === undefined)
  writeFileSync(LIST, `${JSON.stringify({ seed: Number(values.seed), verdicts }, undefined, 1)}\n`)
process.exitCode = share >= AIM ? 0 : 1

async function work(): Promise<void> {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const { file, line, kind, tests } = next
    const isKilled = await isNoticed(next, tests)
    verdicts.push({ file, line, kind, ...describeMutant(readFileSync(file, 'utf8'), next), isKilled })
    process.stderr.write(`\r${verdicts.length} of ${sample.length} `)
  }
}

function candidates(): Candidate[] {
  return AREAS.flatMap(({ sources, tests }) =>
    globSync(sources)
      .toSorted()
      .flatMap((file) => mutantsOf(readFileSync(file, 'utf8')).map((one) => ({ ...one, file, area: sources, tests }))),
  )
}

function isNoticed(mutant: Candidate | undefined, tests: string[]): Promise<boolean> {
  const vitest = spawn(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--config',
      'tests/tooling/mutants.config.ts',
      '--bail=1',
      '--reporter=dot',
      ...tests,
    ],
    { stdio: 'ignore', env: { ...process.env, MUTANT: JSON.stringify(mutant ?? null) } },
  )
  const timer = setTimeout(() => vitest.kill('SIGKILL'), RUN_TIMEOUT_MS)
  return new Promise((resolve) => {
    vitest.once('exit', (code) => {
      clearTimeout(timer)
      resolve(code !== 0)
    })
  })
}

/** Fisher–Yates by mulberry32, so that a seed always names the same sample. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  const mixed = [...items]
  let state = seed
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const [a, b] = [mixed[i], mixed[j]]
    if (a !== undefined && b !== undefined) [mixed[i], mixed[j]] = [b, a]
  }
  return mixed
}

function print(name: string, of: readonly Verdict[]): number {
  const killed = of.filter(({ isKilled }) => isKilled).length
  const share = of.length === 0 ? 1 : killed / of.length
  if (of.length > 0) console.log(`${name.padEnd(36)} ${killed} of ${of.length} killed, ${(share * 100).toFixed(0)} %`)
  return share
}
