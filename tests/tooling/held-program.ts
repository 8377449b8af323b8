// Runs a program to its end as a process group of its own, and ends the whole group when the time is over or when this
// process is told to end. A program that is run in the foreground would outlive a parent that is cut, and with it what it
// started. Used by `npm test` and `npm run test:engines`.
import { spawn, type ChildProcess } from 'node:child_process'

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
/** As shells say it of a program that a signal ended. */
const EXIT_SIGNAL = 128
const NUMBERS = { SIGTERM: 15, SIGINT: 2, SIGHUP: 1 }

/** The variable that names the death pipe: it ends when this process does, however. Who reads it ends its own group. */
const DEATH_PIPE = 'PARLEY_TESTS_DEATH_PIPE'
const DEATH_PIPE_FD = 3

export interface HeldOptions {
  output?: 'inherit' | 'ignore'
  env?: NodeJS.ProcessEnv
  timeoutMs?: number
}

/** Resolves with the exit code; null where it did not start, took too long or was ended by a signal. */
export function runHeld(command: string, args: string[], options: HeldOptions = {}): Promise<number | null> {
  const { output = 'inherit', env = process.env, timeoutMs } = options
  let child: ChildProcess | undefined
  const endGroup = (): void => {
    try {
      if (child?.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch (error) {
      // ESRCH: nothing is left of it.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
  const onSignal = (signal: keyof typeof NUMBERS): void => {
    endGroup()
    process.exit(EXIT_SIGNAL + NUMBERS[signal])
  }
  // Before the program starts: a signal that comes in between must not leave it behind.
  for (const signal of SIGNALS) process.on(signal, onSignal)
  const held = spawn(command, args, {
    detached: true,
    env: { ...env, [DEATH_PIPE]: String(DEATH_PIPE_FD) },
    stdio: ['ignore', output, output, 'pipe'],
  })
  child = held
  const timer = timeoutMs === undefined ? undefined : setTimeout(endGroup, timeoutMs)
  return new Promise((resolve) => {
    const finish = (code: number | null): void => {
      clearTimeout(timer)
      for (const signal of SIGNALS) process.off(signal, onSignal)
      // What outlived the first process is of its group.
      endGroup()
      resolve(code)
    }
    held.once('error', () => finish(null))
    held.once('exit', (code) => finish(code))
  })
}
