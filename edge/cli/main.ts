// `parley`, the command line. Each command is a file beside this one and is loaded when it is called; how words become a
// command, and faults become lines, is shared/on-node/command-line.ts.
import { defineCommand } from 'citty'
import { BackupError } from '#edge/backup/backup-error.ts'
import { runCommandLine } from '#shared/on-node/command-line.ts'
import { StartError } from './start-error.ts'

const main = defineCommand({
  meta: { name: 'parley', description: 'Talk, over one public address, to a voice persona on a GPU at home' },
  subCommands: {
    start: () => import('./start.ts').then(({ start }) => start),
    'sign-in': () => import('./sign-in.ts').then(({ signIn }) => signIn),
    talk: () => import('./talk.ts').then(({ talk }) => talk),
    speak: () => import('./speak.ts').then(({ speak }) => speak),
    keys: () => import('./keys.ts').then(({ keys }) => keys),
    nodes: () => import('./nodes.ts').then(({ nodes }) => nodes),
    tasks: () => import('./tasks.ts').then(({ tasks }) => tasks),
    backup: () => import('./backup.ts').then(({ backup }) => backup),
    restore: () => import('./restore.ts').then(({ restore }) => restore),
    runbook: () => import('./runbook.ts').then(({ runbook }) => runbook),
    migrate: () => import('./migrate.ts').then(({ migrate }) => migrate),
  },
})

// Keys, tokens and the database are for this user's eyes: files 0600, folders 0700.
process.umask(0o077)

const code = await runCommandLine(
  {
    name: 'parley',
    main,
    passedOn: ['speak'],
    linesOf: (error) => (error instanceof StartError || error instanceof BackupError ? [error.message] : undefined),
  },
  process.argv.slice(2),
)
// A start that was interrupted may still wait for what will never come.
process.exit(code)
