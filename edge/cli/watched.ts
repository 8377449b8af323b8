// Runs a long piece of work for the command line: under a bar, until Ctrl-C.
import { BackupError } from '#edge/backup/backup-error.ts'
import type { Work } from '#edge/backup/work.ts'
import { systemClock } from '#shared/clock.ts'
import { silentLog } from '#shared/log.ts'
import { ProgressBar } from './progress-bar.ts'

/** Throws BackupError where it was stopped. */
export async function watched<T>(run: (work: Work) => Promise<T>): Promise<T> {
  const bar = new ProgressBar(process.stderr, systemClock)
  const stop = new AbortController()
  const onSignal = (): void => stop.abort('shutdown')
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  try {
    return await run({ signal: stop.signal, progress: (progress) => bar.show(progress), log: silentLog })
  } catch (error) {
    if (stop.signal.aborted) throw new BackupError('stopped; nothing was left half done', { cause: error })
    throw error
  } finally {
    bar.clear()
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
  }
}
