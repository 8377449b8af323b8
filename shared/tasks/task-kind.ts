// What a kind of task is: its name and payload, how often and how long it is tried, and what does it. A part of the
// house that has work for the background exports a TaskKind; the host gives all of them to its runner (tasks of the
// edge: edge/tasks/kinds.ts). Knows no table.
import type * as v from 'valibot'
import type { Attempt, TakenTask } from './task.ts'
import type { Pauses } from './pause.ts'

export interface TaskContext {
  task: TakenTask
  /** For what must have its effect once: the store refuses an attempt that is no longer the latest. */
  attempt: Attempt
  /** Aborted with `deadline`, `cancelled`, `lost` (another attempt has it) or `shutdown`. */
  signal: AbortSignal
  /** 0 to 1; written with the next heartbeat. */
  progress(share: number): void
}

export interface TaskKind<Payload = unknown> {
  /** Two words: what it is about and what is done with it, e.g. `voice.prepare`. */
  name: string
  queue: string
  payload: v.GenericSchema<unknown, Payload>
  /** See PRIORITY. */
  priority: number
  /** Attempts before it is dead. */
  attempts: number
  pauses?: Pauses
  /** An attempt that takes longer is aborted, and has failed. At most MAX_LIMIT_MS. */
  limitMs: number
  /** What it returns is kept as its result, as JSON. Throws where it failed; see `isHopeless()`. */
  run(payload: Payload, context: TaskContext): Promise<unknown>
  /** Called before a task becomes dead. An effect of it must be idempotent: it may be called again. */
  gaveUp?(payload: Payload, context: TaskContext): Promise<void>
}

/** The longest that an attempt may take: a host may stop what runs longer in one piece. */
export const MAX_LIMIT_MS = 10 * 60_000
/** Who does not renew his hold for so long counts as gone. */
export const HOLD_MS = 60_000
/** Ended tasks are shown for so long. */
export const KEEP_DONE_MS = 24 * 60 * 60_000
export const KEEP_DEAD_MS = 30 * KEEP_DONE_MS

export interface QueueRules {
  name: string
  /** Tasks of it at once, of all runners on this database. */
  atOnce: number
  /** Tasks of one user at once. */
  atOnceOfUser: number
  /** Nothing is taken while it resolves to false, e.g. because nobody is there who could do it. */
  isOpen?: () => Promise<boolean>
}

/** Thrown by a task that no other attempt would help. */
export class HopelessTask extends Error {
  override name = 'HopelessTask'
}
/** Thrown by a task that cannot be done now, through no fault of its own. The attempt does not count. */
export class PostponedTask extends Error {
  override name = 'PostponedTask'
  readonly afterMs: number
  constructor(afterMs: number) {
    super(`not now, but in ${afterMs} ms`)
    this.afterMs = afterMs
  }
}

/** So that a list holds kinds with different payloads: what a payload is, its own schema has checked. */
export function taskKind<Payload>(kind: TaskKind<Payload>): TaskKind {
  return kind as unknown as TaskKind
}
