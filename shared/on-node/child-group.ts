// Starts a program as a process group of its own and ends the whole group. Used by `parley start`.
// The child also holds a death pipe (its stdin): when this process dies, however it dies, the pipe ends and so does the child.
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

/**
 * SIGTERM first; after this the whole group is killed. A node finishes its current turn in 14 s and ends its engines in 7 s more
 * (gpu-node/supervisor/process-host.ts). Engines are in groups of their own: if the node is killed, their death pipes end them.
 */
const STOP_TIMEOUT_MS = 25_000

export interface ProgramEnd {
  /** Null where a signal ended it, or where it did not start. */
  code: number | null
  /** In words. */
  how: string
}

export interface ChildGroup {
  readonly pid: number
  /** Resolves when the program has called tellReady(). */
  readonly ready: Promise<void>
  /** Resolves when the program has ended, wanted or not. */
  readonly ended: Promise<ProgramEnd>
  /** Ends the whole group; resolves when its leader is gone. */
  stop(): Promise<void>
}

export interface ChildGroupOptions {
  program: string
  args: string[]
  env: NodeJS.ProcessEnv
  /** Each line of stdout and stderr. */
  onLine(line: string): void
}

export function startChildGroup(options: ChildGroupOptions): ChildGroup {
  const child = spawn(options.program, options.args, {
    env: { ...options.env, [DEATH_PIPE]: '1' },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
  })
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on('line', (line) => options.onLine(line))
  }
  // Writing is never done here; an EPIPE of a child that is already gone says nothing new.
  child.stdin?.on('error', () => {})
  const ended = new Promise<ProgramEnd>((resolve) => {
    child.once('error', (error) => resolve({ code: null, how: error.message }))
    child.once('exit', (code, signal) =>
      resolve({ code, how: signal === null ? `exit code ${code}` : `signal ${signal}` }),
    )
  })
  const ready = new Promise<void>((resolve) => child.once('message', () => resolve()))
  return { pid: child.pid ?? 0, ready, ended, stop: () => stopGroup(child, ended) }
}

async function stopGroup(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), STOP_TIMEOUT_MS)
  signalGroup(child, 'SIGTERM')
  await ended
  clearTimeout(timer)
  // Whoever outlived the leader is of the same group.
  signalGroup(child, 'SIGKILL')
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch (error) {
    // ESRCH: the group is empty already, which is what was wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

const DEATH_PIPE = 'PARLEY_DEATH_PIPE'

/** Called by the programs that `parley start` starts, once they serve: it then goes on. */
export function tellReady(): void {
  process.send?.('ready')
}

/** Called by the programs that `parley start` starts: runs `onParentGone` when the parent's end of the pipe closes. */
export function watchDeathPipe(env: NodeJS.ProcessEnv, onParentGone: () => void): void {
  if (env[DEATH_PIPE] !== '1') return
  process.stdin.on('end', onParentGone).on('error', onParentGone).resume()
  // The pipe alone must not keep a program alive that is otherwise done.
  process.stdin.unref?.()
}
