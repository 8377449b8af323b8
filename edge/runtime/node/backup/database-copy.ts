// A copy of the live database, made by a process of its own: SQL is synchronous, and only a process can be stopped in the middle.
// Reading keeps the write-ahead log from being folded back, so a log that grows over a bound ends the copy.
import { spawn } from 'node:child_process'
import { existsSync, rmSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { BackupError } from '#edge/backup/backup-error.ts'
import type { Work } from '#edge/backup/work.ts'
import type { Clock } from '#shared/clock.ts'
import { PROGRAM_FLAGS } from '#shared/on-node/program-flags.ts'

const PROGRAM = fileURLToPath(new URL('./database-copy-process.ts', import.meta.url))
const LOOK_EVERY_MS = 200
/** As large as an hour of heavy traffic writes; a copy takes seconds to minutes. */
export const MAX_WAL_BYTES = 1024 * 1024 * 1024

export interface CopyOptions {
  /** The live database. */
  file: string
  /** The new file. */
  to: string
  clock: Clock
  maxWalBytes?: number
}

/** Throws BackupError with what the database says; nothing is left of a copy that failed. */
export async function copyDatabase(options: CopyOptions, work: Work): Promise<void> {
  const { file, to, clock, maxWalBytes = MAX_WAL_BYTES } = options
  work.signal.throwIfAborted()
  const child = spawn(process.execPath, [...PROGRAM_FLAGS, PROGRAM, file, to], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  let why: Error | undefined
  const end = (reason: Error): void => {
    why ??= reason
    child.kill('SIGKILL')
  }
  const onAbort = (): void => end(work.signal.reason as Error)
  work.signal.addEventListener('abort', onAbort)
  const total = sizeOf(file)
  const stopLooking = clock.every(LOOK_EVERY_MS, () => {
    work.progress({ step: 'database', done: Math.min(sizeOf(to), total), total, unit: 'bytes' })
    if (sizeOf(`${file}-wal`) <= maxWalBytes) return
    end(new BackupError(`the write-ahead log grew over ${maxWalBytes} bytes while the database was copied`))
  })
  child.stderr.on('data', (piece: Buffer) => {
    said = `${said}${piece.toString()}`.slice(-2_000)
  })
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('close', resolve)
    })
    if (why) throw why
    if (code !== 0) throw new BackupError(`the database could not be copied: ${said.trim()}`)
  } catch (error) {
    for (const left of [to, `${to}-journal`]) rmSync(left, { force: true })
    throw error
  } finally {
    stopLooking()
    work.signal.removeEventListener('abort', onAbort)
  }
}

export const sizeOf = (file: string): number => (existsSync(file) ? statSync(file).size : 0)
