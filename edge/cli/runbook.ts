// `parley runbook`: lists the runbooks, shows one, and runs its blocks one after the other, each held to what it says to expect.
import { spawn } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineCommand } from 'citty'
import { readRunbook, type Block, type Runbook } from '#edge/runbook/runbook.ts'
import { FaultError, invalid } from '#shared/fault.ts'
import { dataFolder, dataOption } from './data-folder.ts'
import { jsonOption, print } from './print.ts'
import { StartError } from './start-error.ts'
import { table } from './table.ts'

const FOLDER = fileURLToPath(new URL('../../runbooks', import.meta.url))

const fileArg = { type: 'positional', description: 'Its name in runbooks/, or a path', required: true } as const

const show = defineCommand({
  meta: { name: 'show', description: 'Show a runbook' },
  args: { file: fileArg, json: jsonOption },
  run({ args }) {
    const { path, runbook } = open(args.file)
    print(args.json, { ...runbook, blocks: runbook.blocks.map(blockFacts) }, readFileSync(path, 'utf8').trimEnd())
  },
})

const list = defineCommand({
  meta: { name: 'list', description: 'List the runbooks' },
  args: { json: jsonOption },
  run({ args }) {
    const found = readdirSync(FOLDER).flatMap((name) => {
      try {
        return [{ name, ...readRunbook(readFileSync(join(FOLDER, name), 'utf8')) }]
      } catch (error) {
        // A page that has not the form of a runbook.
        if (error instanceof FaultError) return []
        throw error
      }
    })
    const rows = found.map(({ name, severity, minutes, title }) => [name, severity, String(minutes), title])
    const facts = found.map(({ blocks, ...one }) => ({ ...one, blocks: blocks.map(({ name }) => name) }))
    print(args.json, facts, table(['FILE', 'SEVERITY', 'MINUTES', 'TITLE'], rows))
  },
})

const run = defineCommand({
  meta: { name: 'run', description: 'Run the blocks of a runbook, in their order' },
  args: {
    file: fileArg,
    block: { type: 'string', description: 'Only this block' },
    'dry-run': { type: 'boolean', description: 'Print the commands and run none', default: false },
    data: dataOption,
  },
  async run({ args }) {
    const { path, runbook } = open(args.file)
    const chosen = runbook.blocks.filter(({ name }) => args.block === undefined || name === args.block)
    if (chosen.length === 0)
      throw invalid(`--block: must be one of ${runbook.blocks.map(({ name }) => name).join(', ')}`)
    const data = dataFolder(args.data)
    for (const block of chosen) {
      process.stdout.write(`# ${block.section}: ${block.name}${block.byHand ? ' (by hand)' : ''}\n${block.script}\n`)
      if (args['dry-run'] || block.byHand) continue
      const why = await failureOf(block, data)
      record(data, { path, runbook, block, why })
      if (why !== undefined) throw new StartError(`block ${block.name}: ${why}`)
    }
  },
})

export const runbook = defineCommand({
  meta: { name: 'runbook', description: 'List, show and run the runbooks' },
  subCommands: { list, show, run },
})

function open(file: string): { path: string; runbook: Runbook } {
  const candidates = [join(FOLDER, file), join(FOLDER, `${file}.md`), resolve(file)]
  const path = candidates.find((one) => existsSync(one))
  if (path === undefined)
    throw invalid(`${file}: there is no such runbook; \`parley runbook list\` says which there are`)
  return { path, runbook: readRunbook(readFileSync(path, 'utf8')) }
}

const blockFacts = ({ expected, ...block }: Block) => ({ ...block, expected: expected.map(({ source }) => source) })

/** Undefined where it did what it says. It runs beside package.json, with the data folder in DATA_DIR. */
async function failureOf({ script, expected }: Block, data: string): Promise<string | undefined> {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
    env: { ...process.env, DATA_DIR: data },
    cwd: join(FOLDER, '..'),
    stdio: ['inherit', 'pipe', 'pipe'],
  })
  let said = ''
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    from.on('data', (piece: Buffer) => {
      said += piece.toString()
      to.write(piece)
    })
  }
  const code = await new Promise<number | null>((done, failed) => {
    child.once('error', failed).once('close', done)
  })
  if (code !== 0) return `ended with exit code ${code}`
  const missing = expected.find((pattern) => !pattern.test(said))
  return missing && `did not print what is expected: ${missing.source}`
}

/** Who did what when is known afterwards. */
function record(
  data: string,
  { path, runbook: { title }, block, why }: { path: string; runbook: Runbook; block: Block; why: string | undefined },
): void {
  const folder = join(data, 'logs')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { username: by } = userInfo()
  const line = { at: new Date().toISOString(), by, title, path, block: block.name, ok: why === undefined, why }
  appendFileSync(join(folder, 'runbooks.jsonl'), `${JSON.stringify(line)}\n`, { mode: 0o600 })
}
