// The process of a backup beside a running edge, started by backup-apart.ts. It stops when that one hangs up, and also when it dies.
import { FaultError } from '#shared/fault.ts'
import { silentLog } from '#shared/log.ts'
import { systemClock } from '#shared/clock.ts'
import type { Progress } from '#edge/backup/work.ts'
import type { ApartAnswer, ApartRequest } from './backup-apart.ts'
import { takeBackup } from './take-backup.ts'
import { verifyBackup } from './verify-backup.ts'

/** Told no oftener than this. */
const PROGRESS_EVERY_MS = 250

process.umask(0o077)
// Ctrl-C reaches the whole group; the one that started this hangs up in its own time.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
const stop = new AbortController()
process.once('disconnect', () => stop.abort('shutdown'))

let toldAt = 0
const work = {
  signal: stop.signal,
  progress: (progress: Progress): void => {
    if (Date.now() - toldAt < PROGRESS_EVERY_MS) return
    toldAt = Date.now()
    tell({ say: 'progress', progress })
  },
  log: {
    ...silentLog,
    error: (facts: object, message: string) => tell({ say: 'error', facts: { ...facts }, message }),
  },
}
try {
  tell({ say: 'done', result: await run(JSON.parse(process.argv[2] ?? '') as ApartRequest) })
} catch (error) {
  tell({ say: 'failed', why: wordsOf(error) })
}
if (process.connected) process.disconnect()

function run(request: ApartRequest): Promise<unknown> {
  if (request.do === 'take') return takeBackup({ ...request, clock: systemClock }, work)
  return verifyBackup({ ...request, clock: systemClock, onSpace: (bytes) => tell({ say: 'space', bytes }) }, work)
}

function wordsOf(error: unknown): string {
  if (error instanceof FaultError && error.fault.code === 'invalid_message') return error.fault.issues.join('; ')
  return error instanceof Error ? error.message : String(error)
}

function tell(answer: ApartAnswer): void {
  // Whoever hung up wants to know no more.
  if (process.connected) process.send?.(answer)
}
