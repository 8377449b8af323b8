// The GPU node's program: finds the command and loads it when it is called. Without one it runs the node.
import { defineCommand, runMain } from 'citty'

const check = defineCommand({
  meta: {
    name: 'check',
    description: 'Look whether the node can start as gpu-node.toml plans, and say what to change',
  },
  args: { json: { type: 'boolean', description: 'The same for programs' } },
  async run({ args }) {
    process.exit(await import('./check/check.ts').then((module) => module.check(args.json ?? false)))
  },
})

const setup = defineCommand({
  meta: { name: 'setup', description: 'Make the Python environments and fetch the models that gpu-node.toml needs' },
  args: {
    only: { type: 'string', description: 'One engine of the file, by its name' },
    'dry-run': { type: 'boolean', description: 'Say what would be done' },
  },
  async run({ args }) {
    const options = { only: args.only, dryRun: args['dry-run'] ?? false }
    process.exit(await import('./setup/setup.ts').then((module) => module.setUpOrSay(options)))
  },
})

const main = defineCommand({
  meta: { name: 'gpu-node', description: 'Run this GPU node; or look and set up what it needs first' },
  subCommands: { check, setup },
})

const rawArgs = process.argv.slice(2)
if (rawArgs.length > 0) await runMain(main, { rawArgs })
else process.exit(await import('./run-node.ts').then(({ runNode }) => runNode()))
