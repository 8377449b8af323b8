// Runs a backup or its verification beside a running edge, in a process of its own, so that it costs callers nothing: this process only
// waits. The signal ends the work, and what was half done goes with it. For scheduled tasks.
import { fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { BackupError } from '#edge/backup/backup-error.ts'
import type { Progress, Work } from '#edge/backup/work.ts'
import type { LogFacts } from '#shared/log.ts'
import { PROGRAM_FLAGS } from '#shared/on-node/program-flags.ts'
import type { BackupOptions, TakenBackup } from './take-backup.ts'
import type { Verification } from './verify-backup.ts'

/**
 * Whoever serves callers on this machine comes first. With `nice` alone a woken edge still waits for the end of a slice of some
 * milliseconds; Linux's idle class gives way at once. Also by a program and not by setPriority(), which on Linux holds for one thread,
 * and packing is done by others.
 */
const CHRT = '/usr/bin/chrt'
const CALMLY = existsSync(CHRT) ? ([CHRT, '--idle', '0'] as const) : (['nice', '-n', '19'] as const)
const PROGRAM = fileURLToPath(new URL('./backup-process.ts', import.meta.url))

export type ApartRequest =
  | ({ do: 'take' } & Omit<BackupOptions, 'clock'>)
  | { do: 'verify'; backups: string; id?: string | undefined }

/** What the process says. */
export type ApartAnswer =
  | { say: 'progress'; progress: Progress }
  | { say: 'error'; facts: LogFacts; message: string }
  /** A verification needs this much for a while. */
  | { say: 'space'; bytes: number }
  | { say: 'done'; result: unknown }
  | { say: 'failed'; why: string }

/** Throws BackupError, or the signal's reason once nothing half done is left. */
export async function takeBackupApart(options: Omit<BackupOptions, 'clock'>, work: Work): Promise<TakenBackup> {
  return (await apart({ do: 'take', ...options }, work)) as TakenBackup
}

/** What is wrong with the backup is in `problems`. Throws BackupError where it could not be verified, or the signal's reason. */
export async function verifyBackupApart(
  { onSpace, ...which }: { backups: string; id?: string | undefined; onSpace?: (bytes: number) => void },
  work: Work,
): Promise<Verification> {
  return (await apart({ do: 'verify', ...which }, work, onSpace)) as Verification
}

async function apart(request: ApartRequest, work: Work, onSpace: (bytes: number) => void = () => {}): Promise<unknown> {
  work.signal.throwIfAborted()
  const [program, ...calm] = CALMLY
  const child = fork(PROGRAM, [JSON.stringify(request)], {
    execPath: program,
    execArgv: [...calm, process.execPath, ...PROGRAM_FLAGS],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()))
  const stop = (): void => {
    if (child.connected) child.disconnect()
  }
  work.signal.addEventListener('abort', stop, { once: true })
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code) => reject(new BackupError(`the process of the backup ended with ${code}`)))
      child.on('message', (answer: ApartAnswer) => {
        if (answer.say === 'progress') work.progress(answer.progress)
        else if (answer.say === 'space') onSpace(answer.bytes)
        else if (answer.say === 'error') work.log.error(answer.facts, answer.message)
        else if (answer.say === 'done') resolve(answer.result)
        else reject(new BackupError(answer.why))
      })
    })
  } catch (error) {
    // What it had begun is gone once it has ended.
    await ended
    work.signal.throwIfAborted()
    throw error
  } finally {
    work.signal.removeEventListener('abort', stop)
  }
}
