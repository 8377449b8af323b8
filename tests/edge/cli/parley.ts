// Runs the command line as an operator does: as programs, on a free port, in a data folder of its own.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '#edge/cli/libsql-server.ts'
import { PROGRAM_FLAGS } from '#shared/on-node/program-flags.ts'

const MAIN = 'edge/cli/main.ts'
const GPU_NODE = 'gpu-node/main.ts'

export interface Finished {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs one command to its end. */
export async function parley(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  return runProgram([MAIN, ...args], env)
}

/** Says a sentence into a WAV file with an embedded voice. */
export async function sayInto(file: string, text: string, voice: string): Promise<void> {
  const said = await runProgram([GPU_NODE, 'speak', text, '--out', file, '--voice', voice])
  if (said.code !== 0) throw new Error(said.stderr)
}

/** Runs any program of the house to its end. */
export async function runProgram(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  const child = spawn(process.execPath, [...PROGRAM_FLAGS, ...args], { env: { ...process.env, ...env } })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (piece: Buffer) => (stdout += piece.toString()))
  child.stderr.on('data', (piece: Buffer) => (stderr += piece.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}

export interface Started {
  url: string
  data: string
  /** Everything that was printed so far. */
  readonly output: string
  child: ChildProcess
  /** The programs of its process groups that still run. */
  programs(): number[]
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>
}

/** `parley start`, once it has printed that it is ready, or has ended. */
export async function startParley(
  options: { data?: string; port?: number; args?: string[]; env?: NodeJS.ProcessEnv } = {},
): Promise<Started> {
  const data = options.data ?? mkdtempSync(join(tmpdir(), 'parley-test-'))
  const port = options.port ?? (await freePort())
  const args = [MAIN, 'start', '--port', String(port), '--data', data, ...(options.args ?? [])]
  const child = spawn(process.execPath, [...PROGRAM_FLAGS, ...args], { env: { ...process.env, ...options.env } })
  let output = ''
  const ready = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        output += `${line}\n`
        if (line.startsWith('ready') || line.startsWith('{"event":"ready"')) resolve()
      })
    }
  })
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  await Promise.race([ready, ended])
  return {
    url: `http://127.0.0.1:${port}`,
    data,
    get output() {
      return output
    },
    child,
    programs: () => programsWith(data),
    ended,
  }
}

export function removeData(data: string): void {
  rmSync(data, { recursive: true, force: true })
}

/** Processes that run with this data folder: in their environment or in their arguments. Zombies have no environment and do not count. */
function programsWith(data: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const facts = ['environ', 'cmdline'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8'))
        return facts[0]?.includes(`DATA_DIR=${data}`) || facts[1]?.includes(`${data}/`) ? [Number(pid)] : []
      } catch {
        // Gone meanwhile, or another user's.
        return []
      }
    })
}
