// Starts a peer, which is a Python program of this folder, and ends it. It reads its settings from the command line, tells its
// port in one line, and ends when its standard input does: also where this process is killed. Used by contender.ts.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Work } from './contender.ts'

/** Frameworks of hundreds of modules are read, on a busy machine. */
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 15_000

export interface PythonPeer {
  url: string
  pid: number
  stop(): Promise<void>
}

/** Throws an Error where it ends before it is ready. */
export async function startPython(python: string, program: string, work: Work): Promise<PythonPeer> {
  const child = spawn(python, [fileURLToPath(new URL(program, import.meta.url)), JSON.stringify(work)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // No __pycache__ in the sources, and no banner of a framework's.
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', LOGURU_LEVEL: 'ERROR' },
  })
  // Where it does not start, `close` follows, and that is told.
  child.on('error', () => {})
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS)
  const ready = new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve))
  const line = await Promise.race([ready, ended]).finally(() => clearTimeout(timer))
  if (line === undefined || child.pid === undefined) throw new Error(`${program} ended before it was ready`)
  const { port } = JSON.parse(line) as { port: number }
  return {
    url: `ws://127.0.0.1:${port}/`,
    pid: child.pid,
    stop: async () => {
      const hardStop = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
      child.stdin.end()
      await ended
      clearTimeout(hardStop)
    },
  }
}
