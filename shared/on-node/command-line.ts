// Runs the command line of a program: finds the command, refuses what it does not know with the nearest word that it does,
// prints help, and says a fault in one line. Used by the main.ts of edge/cli and of the GPU node, and by the edge's program;
// the commands are theirs. citty alone ignores a flag that it does not know.
import { renderUsage, runCommand, type ArgDef, type ArgsDef, type CommandDef } from 'citty'
import { FAULT_TABLE } from '#shared/fault-table.ts'
import { FaultError, type Fault, invalid } from '#shared/fault.ts'
import { hintFor } from '#shared/nearest.ts'

/** Any command: citty's own type of one is bound to its arguments. */
// oxlint-disable-next-line typescript/no-explicit-any -- the type parameter is invariant, so there is no common one
type Command = CommandDef<any>

export interface CommandLine {
  /** As people call the program; stands before each line of a refusal. */
  name: string
  main: Command
  /** Commands whose words are for another program, which refuses and helps by itself. */
  passedOn?: readonly string[]
  /** The lines that say an error of the program's own; undefined for any other. */
  linesOf?: (error: unknown) => string[] | undefined
  /** Where refusals go; stderr without it. */
  complain?: (text: string) => void
}

interface Found {
  command: Command
  parent: Command | undefined
  args: ArgsDef
  rawArgs: string[]
}

/** A positional argument of this name stands for any number of them, in `args._`. */
const LIST = /\.\.\.$/

/** Resolves with the exit code. A command that ends with another one than 0 ends the process by itself. */
export async function runCommandLine(line: CommandLine, rawArgs: string[]): Promise<number> {
  try {
    const isPassedOn = line.passedOn?.includes(rawArgs[0] ?? '') ?? false
    const found = await find(line.main, rawArgs)
    if (!isPassedOn) {
      if (asksForHelp(rawArgs) || isEmpty(found)) {
        process.stdout.write(`${plain(await renderUsage(found.command, found.parent))}\n\n`)
        return 0
      }
      refuseUnknown(found)
    }
    await runCommand(found.command, { rawArgs: found.rawArgs })
    return 0
  } catch (error) {
    const lines = line.linesOf?.(error) ?? linesOf(error)
    if (lines === undefined) console.error(error)
    else for (const text of lines) (line.complain ?? console.error)(`${line.name}: ${text}`)
    return 1
  }
}

/** Help is asked for before `--` only: what stands behind it is text. */
function asksForHelp(rawArgs: string[]): boolean {
  const end = rawArgs.indexOf('--')
  return rawArgs.slice(0, end === -1 ? undefined : end).some((word) => word === '--help' || word === '-h')
}

/** A group of commands, and none of them was named. */
function isEmpty({ command, rawArgs }: Found): boolean {
  return command.run === undefined && rawArgs.length === 0
}

async function find(command: Command, rawArgs: string[], parent?: Command): Promise<Found> {
  const commands = await resolved(command.subCommands)
  const args = (await resolved(command.args)) ?? {}
  const [word, ...rest] = rawArgs
  if (!commands || word === undefined || word.startsWith('-')) return { command, parent, args, rawArgs }
  const sub = await resolved(commands[word])
  if (!sub) throw refused(`${word}: there is no such command; ${hintFor(word, Object.keys(commands))}`)
  return find(sub, rest, command)
}

function refuseUnknown({ command, args, rawArgs }: Found): void {
  if (command.run === undefined) throw refused(`${rawArgs[0]}: name a command first (--help shows which)`)
  const words = [...rawArgs]
  const positional: string[] = []
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--') positional.push(...words.splice(0))
    else if (!word.startsWith('-') || /^-\d/.test(word)) positional.push(word)
    else refuseFlag(word, args, words)
  }
  const places = Object.entries(args).filter(([, { type }]) => type === 'positional')
  const isList = places.some(([name]) => LIST.test(name))
  const extra = positional[places.length]
  if (extra !== undefined && !isList) throw refused(`${extra}: is one word too many`)
}

/** Takes the flag's value out of `rest`, where it is a word of its own. */
function refuseFlag(word: string, args: ArgsDef, rest: string[]): void {
  const [flag = '', value] = word.split(/=(.*)/s)
  const arg = Object.entries(args).find(([name, { type }]) => {
    if (type === 'positional') return false
    return flag === `--${name}` || (type === 'boolean' && flag === `--no-${name}`)
  })
  if (!arg) {
    const known = Object.entries(args).flatMap(flagsOf)
    throw refused(`${flag}: is not known here; ${known.length === 0 ? 'there are no flags' : hintFor(flag, known)}`)
  }
  if (arg[1].type === 'boolean' || value !== undefined) return
  const next = rest.shift()
  if (next === undefined || next.startsWith('--')) throw refused(`${flag}: needs a value`)
}

/** As somebody would write it: what is on already can only be taken away. */
function flagsOf([name, { type, default: preset }]: [string, ArgDef]): string[] {
  if (type === 'positional') return []
  return type === 'boolean' && preset === true ? [`--no-${name}`] : [`--${name}`]
}

function linesOf(error: unknown): string[] | undefined {
  if (error instanceof FaultError) return linesOfFault(error.fault)
  // What citty throws for a missing argument or a wrong value; it does not export the class.
  if (error instanceof Error && error.name === 'CLIError')
    return [`${withoutColours(error.message).replace(/\.$/, '')} (--help shows how)`]
  return undefined
}

function linesOfFault(fault: Fault): string[] {
  if (fault.code === 'invalid_message') return fault.issues
  if (fault.code === 'not_found') return [`there is no ${fault.kind} ${fault.id}`]
  if (fault.code === 'unavailable') return [`${fault.what} is not reachable`]
  return [`${fault.code}: ${FAULT_TABLE[fault.code].text}`]
}

/** citty colours whatever stdout is. */
function plain(text: string): string {
  return process.stdout.isTTY && !process.env['NO_COLOR'] ? text : withoutColours(text)
}

function withoutColours(text: string): string {
  // oxlint-disable-next-line no-control-regex -- ESC begins every colour sequence (ECMA-48 §5.4).
  return text.replaceAll(/\u001b\[\d+m/g, '')
}

const refused = (issue: string): FaultError => invalid(issue)

/** citty lets each part of a command be a value, a promise or a function that gives it. */
async function resolved<T>(part: T | Promise<T> | (() => T | Promise<T>)): Promise<T> {
  return typeof part === 'function' ? (part as () => T | Promise<T>)() : part
}
