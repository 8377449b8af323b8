// One program of a bench in a process of its own, so that it has an event loop of its own as in life. Both ends are here:
// startChild() for the bench, serveParent() for the program. Talks over Node's IPC channel, which carries no audio.
import { fork } from 'node:child_process'
import { PROGRAM_FLAGS } from '#shared/on-node/program-flags.ts'

/** Engines that are warmed up take seconds on a busy machine. */
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 15_000

/**
 * Flags of Node for the programs that make or return the load: with much room for young and old objects their garbage, which
 * is no matter of any bench, hardly ever stops them. (A hundred sessions in one client are not life, and its collections
 * showed among the relay's slowest frames.) What is measured runs with the flags of the start scripts, as in life.
 */
export const LOAD_FLAGS = ['--max-semi-space-size=64', '--min-semi-space-size=64', '--initial-old-space-size=512']

export interface Usage {
  /** User and system time since the start. */
  cpuMs: number
  rssBytes: number
}

interface Question {
  id: number
  ask: string
}
type Word = { ready: unknown } | { id: number; answer: unknown }

export interface BenchChild<Facts> {
  /** What the program told when it was ready. */
  readonly facts: Facts
  readonly pid: number
  usage(): Promise<Usage>
  /** Asks what the program offers under this name. */
  ask<T>(name: string): Promise<T>
  stop(): Promise<void>
}

// --- the bench's end ---

/**
 * `program` is a file of this folder; `settings` reach it as JSON. It inherits this process's flags of Node, so that
 * `node --cpu-prof tests/bench/main.ts relay` writes a profile of each program; `flags` are its own.
 */
export async function startChild<Facts>(
  program: string,
  settings: object,
  flags: readonly string[] = PROGRAM_FLAGS,
  startTimeoutMs = START_TIMEOUT_MS,
): Promise<BenchChild<Facts>> {
  const inherited = process.execArgv.filter((flag) => !LOAD_FLAGS.includes(flag))
  const child = fork(new URL(program, import.meta.url), [JSON.stringify(settings)], {
    // The log's lines go to stdout; it must cost the program what it costs in life, but nobody reads it here.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [...inherited, ...flags],
  })
  const waiting = new Map<number, (answer: unknown) => void>()
  const ready = Promise.withResolvers<unknown>()
  const ended = new Promise<never>((_, reject) => {
    child.once('exit', (code, signal) => reject(new Error(`${program} ended: ${signal ?? `exit code ${code}`}`)))
  })
  ended.catch(() => {})
  child.on('message', (word: Word) => {
    if ('ready' in word) return ready.resolve(word.ready)
    waiting.get(word.id)?.(word.answer)
    waiting.delete(word.id)
  })
  let questions = 0
  const ask = async <T>(name: string): Promise<T> => {
    const question: Question = { id: ++questions, ask: name }
    const answer = new Promise<unknown>((resolve) => waiting.set(question.id, resolve))
    child.send(question)
    // The programs are ours and of the same tree: what they answer has the type that is asked for.
    return (await Promise.race([answer, ended])) as T
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), startTimeoutMs)
  const facts = (await Promise.race([ready.promise, ended]).finally(() => clearTimeout(timer))) as Facts
  const { pid = 0 } = child
  return {
    facts,
    pid,
    ask,
    usage: () => ask<Usage>('usage'),
    stop: async () => {
      const hardStop = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
      if (child.connected) child.disconnect()
      await ended.catch(() => {})
      clearTimeout(hardStop)
    },
  }
}

// --- the program's end ---

export function readSettings<T>(): T {
  return JSON.parse(process.argv[2] ?? '{}') as T
}

/** Tells that the program is ready, answers questions, and ends it when the bench lets go of it. */
export function serveParent(program: {
  ready: object
  answers?: Record<string, () => unknown>
  stop: () => Promise<void>
}): void {
  const answers: Record<string, () => unknown> = { usage, ...program.answers }
  process.on('message', ({ id, ask }: Question) => process.send?.({ id, answer: answers[ask]?.() }))
  // Ctrl-C reaches the whole group; the end comes by the channel, so that folders are removed.
  process.on('SIGINT', () => {})
  process.once('disconnect', () => void program.stop().finally(() => process.exit(0)))
  process.send?.({ ready: program.ready })
}

function usage(): Usage {
  const { user, system } = process.cpuUsage()
  return { cpuMs: (user + system) / 1_000, rssBytes: process.memoryUsage.rss() }
}
