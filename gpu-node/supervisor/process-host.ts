// Starts an engine's program behind the shim, which ends its whole tree, and sees to it that nothing of the tree is left.
// Knows Node and /proc; knows no state and no policy.
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { constants } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Clock } from '#shared/clock.ts'
import { engineEnvironment } from './engine-environment.ts'
import { findOtherOwner, findOwn, sweep, type Swept } from './leftovers.ts'
import { LineRing } from './line-ring.ts'
import type { LaunchPlan } from './managed-engine.ts'
import { removePidfile, writePidfile } from './pidfile.ts'

/** Between SIGTERM and SIGKILL of an engine's tree. A vLLM ends in well under a second; a write to disk may take a few. */
const GRACE_MS = 5_000
/** After the grace, for the shim to see its tree dead and to end; then the supervisor kills what there is. */
const SHIM_TIMEOUT_MS = 2_000
/** For the last output of a tree that is gone. */
const LAST_LINES_MS = 1_000
const SHIM = fileURLToPath(new URL('shim.py', import.meta.url))

export interface ProcessEnd {
  /** "exit code 1", "signal SIGKILL". */
  how: string
  lastLines: readonly string[]
  /** It can never run on this machine as it is. */
  isUnable: boolean
}

export interface RunningProcess {
  readonly pid: number | undefined
  /** Resolves when the whole tree is gone, or cannot be ended. */
  readonly ended: Promise<ProcessEnd>
  /** Begins to end the whole tree. */
  stop(): void
}

export interface ProcessHost {
  /** Ends what is left of an earlier run. */
  sweep(name: string): Promise<Swept>
  /** The pids of all processes of this engine that live. */
  pids(name: string): Promise<number[]>
  /** The pid of another node that runs this engine. */
  otherOwner(name: string): Promise<number | undefined>
  start(name: string, launch: LaunchPlan, onLine: (line: string) => void): RunningProcess
}

/** `folder` holds the pidfiles. */
export function createProcessHost(options: { folder: string; clock: Clock; graceMs?: number }): ProcessHost {
  const { clock, graceMs = GRACE_MS } = options
  const folder = resolve(options.folder)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const pidfileOf = (name: string): string => join(folder, `${name}.pid`)
  return {
    sweep: (name) => sweep(pidfileOf(name), clock),
    pids: (name) => findOwn(pidfileOf(name)),
    otherOwner: (name) => findOtherOwner(pidfileOf(name)),
    start: (name, launch, onLine) =>
      process.platform === 'linux'
        ? startProcess({ pidfile: pidfileOf(name), launch, onLine, clock, graceMs })
        : nothingStarted('engines are started on Linux only; elsewhere attach a server by its URL'),
  }
}

function nothingStarted(how: string): RunningProcess {
  return { pid: undefined, ended: Promise.resolve({ how, lastLines: [], isUnable: true }), stop: () => {} }
}

interface Start {
  pidfile: string
  launch: LaunchPlan
  onLine: (line: string) => void
  clock: Clock
  graceMs: number
}

function startProcess({ pidfile, launch, onLine, clock, graceMs }: Start): RunningProcess {
  const child = spawn('python3', [SHIM, String(graceMs / 1000), '--', ...launch.command], {
    cwd: launch.workingFolder,
    env: engineEnvironment(process.env, launch.environment, { mark: pidfile, program: launch.command[0] }),
    // A group and session of its own: neither Ctrl-C nor the end of the node's group reaches it; its death pipe does.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  if (child.pid !== undefined) writeDown(pidfile, child.pid)
  // Nothing is ever written; an EPIPE of a shim that is already gone says nothing new.
  child.stdin.on('error', () => {})
  const ring = new LineRing()
  for (const stream of [child.stdout, child.stderr]) {
    const feed = ring.feed(onLine)
    stream.on('data', (bytes: Buffer) => feed.push(bytes)).on('end', () => feed.end())
  }
  const closed = new Promise<void>((done) => child.once('close', () => done()))
  let cancelHardKill: (() => void) | undefined
  const ended = endOf(child, launch).then(async (end): Promise<ProcessEnd> => {
    cancelHardKill?.()
    // The shim left nothing, unless it was itself killed.
    const { left } = await sweep(pidfile, clock)
    if (left.length === 0) removePidfile(pidfile)
    // What it said last tells why it ended. Whoever cannot be ended may hold the pipe open.
    await Promise.race([closed, clock.sleep(LAST_LINES_MS)])
    return { ...end, lastLines: ring.lines }
  })
  return {
    pid: child.pid,
    ended,
    stop: () => {
      if (child.exitCode !== null || child.signalCode !== null || cancelHardKill) return
      cancelHardKill = clock.after(graceMs + SHIM_TIMEOUT_MS, () => void sweep(pidfile, clock))
      child.kill('SIGTERM')
    },
  }
}

function writeDown(pidfile: string, pid: number): void {
  try {
    writePidfile(pidfile, pid)
  } catch {
    // A full disk: the mark alone finds its processes, too.
  }
}

/** How the shim ended; its output may not all be read yet. */
function endOf(child: ChildProcess, { workingFolder }: LaunchPlan): Promise<Omit<ProcessEnd, 'lastLines'>> {
  return new Promise((done) => {
    child.once('error', () => {
      const missing = existsSync(workingFolder) ? 'python3 cannot be started' : `${workingFolder} is missing`
      done({ how: missing, isUnable: true })
    })
    child.once('exit', (code, signal) => done({ how: howOf(code, signal), isUnable: code === CANNOT_START }))
  })
}

/** As the shim and shells say it: the command is not there or cannot be executed. */
const CANNOT_START = 127

function howOf(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `signal ${signal}`
  const number = (code ?? 0) - 128
  const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0]
  return name === undefined ? `exit code ${code}` : `signal ${name}`
}
