// `npm run check`: every step runs, also after one has failed; one line a step, then what the failed ones said.
// Steps are light and share the cores two at a time; type checking, the heaviest, starts first.
import { spawn } from 'node:child_process'
import { delimiter, join, resolve } from 'node:path'
import { endLine, lineOf, verdictOf, type Outcome } from './check-lines.ts'

interface Step {
  name: string
  command: string
  args: string[]
}

const tool = (name: string, command: string, ...args: string[]): Step => ({ name, command, args })
const own = (name: string, file: string): Step => ({ name, command: 'node', args: [join('tests/tooling', file)] })

const STEPS: Step[] = [
  tool('types', 'tsc', '--noEmit', '-p', '.'),
  tool('types, Workers', 'tsc', '--noEmit', '-p', 'tsconfig.workers.json'),
  tool('lint', 'oxlint', '--format=unix'),
  own('layers', 'check-layers.ts'),
  own('examples', 'check-examples.ts'),
  tool('format', 'oxfmt', '--check'),
  tool('dead code', 'knip', '--no-progress'),
  own('secrets', 'check-secrets.ts'),
  own('spec', 'check-spec.ts'),
  own('tree', 'check-tree.ts'),
  own('audit', 'check-audit.ts'),
]

/** A step that hangs must not hang the check. */
const STEP_TIMEOUT_MS = 5 * 60_000
const AT_ONCE = 2

const env = { ...process.env, NO_COLOR: '1', PATH: [resolve('node_modules/.bin'), process.env['PATH']].join(delimiter) }

function run(step: Step): Promise<Outcome> {
  const startedAt = performance.now()
  return new Promise((done) => {
    let output = ''
    const child = spawn(step.command, step.args, { env, timeout: STEP_TIMEOUT_MS, stdio: ['ignore', 'pipe', 'pipe'] })
    const finish = (exitCode: number | undefined) =>
      done({
        name: step.name,
        exitCode,
        output: output.trim(),
        seconds: (performance.now() - startedAt) / 1000,
        isOwn: step.command === 'node',
      })
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)))
    child.on('error', (error) => {
      output += error.message
      finish(undefined)
    })
    child.on('close', (code, signal) => {
      if (signal) output += `\nended by ${signal} after ${STEP_TIMEOUT_MS / 1000} s`
      finish(code ?? undefined)
    })
  })
}

const waiting = [...STEPS]
const outcomes: Outcome[] = []
async function work(): Promise<void> {
  for (let step = waiting.shift(); step; step = waiting.shift()) {
    const outcome = await run(step)
    console.log(lineOf(outcome))
    outcomes.push(outcome)
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, work))

const failed = outcomes.filter((outcome) => verdictOf(outcome) === 'FAIL')
for (const { name, output } of failed) console.log(`\n--- ${name} ---\n${output}`)
console.log(`\n${endLine(outcomes)}`)
process.exitCode = failed.length === 0 ? 0 : 1
