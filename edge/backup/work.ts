// What whoever runs a backup, a check or a restore gives it: how to stop it, where it tells how far it is, and a log.
import type { Log } from '#shared/log.ts'

export interface Progress {
  /** What is being done, e.g. `audio`. */
  step: string
  done: number
  /** 0 where it is not known. */
  total: number
  unit: 'bytes' | 'files'
}

export interface Work {
  signal: AbortSignal
  progress: (progress: Progress) => void
  log: Log
}
