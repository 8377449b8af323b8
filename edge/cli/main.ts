// `parley`, the command line: finds the command, and says a fault in one line that names what is wrong. The only place of
// the command line that catches faults. Each command is a file beside this one and is loaded when it is called.
import { defineCommand, runCommand, runMain } from 'citty'
import { FAULT_TABLE } from '#shared/fault-table.ts'
import { FaultError, type Fault } from '#shared/fault.ts'
import { StartError } from './start-error.ts'

const main = defineCommand({
  meta: { name: 'parley', description: 'Talk, over one public address, to a voice persona on a GPU at home' },
  subCommands: {
    start: () => import('./start.ts').then(({ start }) => start),
    'sign-in': () => import('./sign-in.ts').then(({ signIn }) => signIn),
    talk: () => import('./talk.ts').then(({ talk }) => talk),
    keys: () => import('./keys.ts').then(({ keys }) => keys),
    nodes: () => import('./nodes.ts').then(({ nodes }) => nodes),
    backup: () => import('./backup.ts').then(({ backup }) => backup),
    migrate: () => import('./migrate.ts').then(({ migrate }) => migrate),
  },
})

// Keys, tokens and the database are for this user's eyes: files 0600, folders 0700.
process.umask(0o077)

const rawArgs = process.argv.slice(2)
const asksForHelp = rawArgs.length === 0 || rawArgs.includes('--help') || rawArgs.includes('-h')
if (asksForHelp) await runMain(main, { rawArgs: rawArgs.length === 0 ? ['--help'] : rawArgs })
else await run()

async function run(): Promise<void> {
  try {
    await runCommand(main, { rawArgs })
    // A start that was interrupted may still wait for what will never come.
    process.exit(0)
  } catch (error) {
    if (error instanceof FaultError) for (const line of linesOf(error.fault)) console.error(`parley: ${line}`)
    else if (error instanceof StartError) console.error(`parley: ${error.message}`)
    else if (isUsageError(error)) console.error(`parley: ${plain(error.message)} (parley --help shows how)`)
    else console.error(error)
    process.exit(1)
  }
}

function linesOf(fault: Fault): string[] {
  if (fault.code === 'invalid_message') return fault.issues
  if (fault.code === 'not_found') return [`there is no ${fault.kind} ${fault.id}`]
  if (fault.code === 'unavailable') return [`${fault.what} is not reachable`]
  return [`${fault.code}: ${FAULT_TABLE[fault.code].text}`]
}

/** What citty throws for an unknown command or a missing argument; it does not export the class. */
function isUsageError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'CLIError'
}

/** Without the colours that citty puts around names. */
function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- ESC begins every colour sequence (ECMA-48 §5.4).
  return text.replaceAll(/\u001b\[\d+m/g, '').replace(/\.$/, '')
}
