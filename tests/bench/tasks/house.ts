// A house that does tasks, as the bench of tasks drives it: the edge's runner over its database, or BullMQ over redis.
export interface Work {
  n: number
  /** How long it takes. */
  ms: number
  /** It fails at its first attempt. */
  fails: boolean
}

export interface House {
  add(work: Work, priority: number): Promise<void>
  /** Begins to do what was added, so many at once. Called once. */
  run(perform: (work: Work, attempt: number) => Promise<void>, atOnce: number): void
  /** Resolves when nothing is left of what it holds. */
  close(): Promise<void>
}

export interface Contender {
  name: string
  open(): Promise<House>
}

/** The pause after a failure. */
export const RETRY_MS = 50
export const ATTEMPTS = 3
