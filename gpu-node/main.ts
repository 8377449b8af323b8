// The GPU node's program: finds the command and loads it when it is called. Without one it runs the node.
import { defineCommand } from 'citty'
import { runCommandLine } from '#shared/on-node/command-line.ts'

const jsonOption = { type: 'boolean', description: 'Print JSON', default: false } as const

const check = defineCommand({
  meta: {
    name: 'check',
    description: 'Look whether the node can start as gpu-node.toml plans, and say what to change',
  },
  args: { json: jsonOption },
  async run({ args }) {
    process.exit(await import('./check/check.ts').then((module) => module.check(args.json)))
  },
})

const setup = defineCommand({
  meta: { name: 'setup', description: 'Make the Python environments and fetch the models that gpu-node.toml needs' },
  args: {
    only: { type: 'string', description: 'One engine of the file, by its name' },
    'dry-run': { type: 'boolean', description: 'Say what would be done', default: false },
    json: { ...jsonOption, description: 'Print one JSON object per line' },
  },
  async run({ args }) {
    const options = { only: args.only, dryRun: args['dry-run'] }
    if (args.json) sayAsJson()
    const code = await import('./setup/setup.ts').then((module) => module.setUpOrSay(options))
    if (args.json) process.stdout.write(`${JSON.stringify({ ok: code === 0 })}\n`)
    process.exit(code)
  },
})

const speak = defineCommand({
  meta: { name: 'speak', description: 'Say a sentence with the embedded English voice and write it to a WAV file' },
  args: {
    'text...': { type: 'positional', description: 'What to say', required: true },
    out: { type: 'string', description: 'The WAV file, at 16 kHz', required: true },
    voice: { type: 'string', description: 'slt, rms, awb or kal', default: 'slt' },
    json: jsonOption,
  },
  async run({ args }) {
    const said = await import('./speak.ts').then((module) =>
      module.speak({ text: args._.join(' '), out: args.out, voice: args.voice }),
    )
    process.stdout.write(args.json ? `${JSON.stringify(said)}\n` : `said ${said.durationMs} ms into ${said.file}\n`)
    process.exit(0)
  },
})

/** Setup says its steps in lines as it goes; to a program each line is an object. */
function sayAsJson(): void {
  const say = (text: string): void => void process.stdout.write(`${JSON.stringify({ text: text.trim() })}\n`)
  console.log = say
  console.error = say
}

const main = defineCommand({
  meta: { name: 'gpu-node', description: 'Run this GPU node; or look and set up what it needs first' },
  subCommands: { check, setup, speak },
  run: async () => process.exit(await import('./run-node.ts').then(({ runNode }) => runNode())),
})

process.exit(await runCommandLine({ name: 'gpu-node', main }, process.argv.slice(2)))
