// A host whose processes live and end as a test says, and the engines on it. Time stands still between: for runs under a
// virtual clock. tests/gpu-node/supervisor/process-host.test.ts has the real one.
import type { ManagedEngine } from '#gpu-node/supervisor/managed-engine.ts'
import type { ProcessEnd, ProcessHost } from '#gpu-node/supervisor/process-host.ts'
import type { Swept } from '#gpu-node/supervisor/leftovers.ts'

export interface ScriptedProcess {
  name: string
  command: readonly string[]
  isAsked: boolean
  say(line: string): void
  end(facts?: Partial<ProcessEnd>): void
}

export interface ScriptedHost extends ProcessHost {
  /** All that were ever started, in order. */
  started: ScriptedProcess[]
  last(name: string): ScriptedProcess
  /** What each start finds. */
  swept: Swept
  /** The processes of each engine. */
  alive: number[]
  otherNode: number | undefined
  /** Whether a process ends when it is told to. */
  doesStop: boolean
}

export function createScriptedHost(): ScriptedHost {
  const host: ScriptedHost = {
    started: [],
    swept: { found: [], left: [] },
    alive: [],
    otherNode: undefined,
    doesStop: true,
    last: (name) => {
      const found = host.started.findLast((process) => process.name === name)
      if (!found) throw new Error(`${name} was never started`)
      return found
    },
    sweep: () => Promise.resolve(host.swept),
    pids: () => Promise.resolve(host.alive),
    otherOwner: () => Promise.resolve(host.otherNode),
    start: (name, { command }, onLine) => {
      const ended = Promise.withResolvers<ProcessEnd>()
      const end = (facts: Partial<ProcessEnd> = {}): void =>
        ended.resolve({ how: 'exit code 1', lastLines: [], isUnable: false, ...facts })
      const process: ScriptedProcess = { name, command, isAsked: false, say: onLine, end }
      host.started.push(process)
      const stop = (): void => {
        process.isAsked = true
        if (host.doesStop) end({ how: 'exit code 0' })
      }
      return { pid: 1, ended: ended.promise, stop }
    },
  }
  return host
}

export interface ScriptedEngine extends ManagedEngine {
  /** Each question waits while it is false; `isBroken` refuses it. */
  isOpen: boolean
  answers: boolean
  isBroken: boolean
}

export function createScriptedEngine(
  name: string,
  role: ManagedEngine['role'],
  launch: Partial<ManagedEngine['launch']> = {},
): ScriptedEngine {
  const engine: ScriptedEngine = {
    name,
    role,
    launch: {
      command: [name],
      environment: {},
      workingFolder: '.',
      vramReserveBytes: 0,
      startTimeoutMs: 60_000,
      onDemand: false,
      idleUnloadMs: 120_000,
      ...launch,
    },
    isOpen: true,
    answers: true,
    isBroken: false,
    isAlive: (signal) => answer(engine.isOpen, signal),
    probe: (signal) => answer(engine.answers, signal),
  }
  const answer = (isAnswered: boolean, signal: AbortSignal): Promise<void> => {
    if (engine.isBroken) return Promise.reject(new Error('503'))
    if (isAnswered) return Promise.resolve()
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
  }
  return engine
}
