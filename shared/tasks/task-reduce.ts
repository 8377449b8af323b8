// The transitions of one task. Pure: the store writes what this says, and refuses what this refuses.
import { unreachable } from '#shared/invariant.ts'
import { pauseMs, type Pauses } from './pause.ts'
import { isOver, type TaskError, type TaskState } from './task.ts'
import { KEEP_DEAD_MS, KEEP_DONE_MS } from './task-kind.ts'

export interface TaskFacts {
  state: TaskState
  attempt: number
  attempts: number
  runAfter: number
  takenUntil: number | null
  /** Its holder is asked to stop. */
  cancelAt: number | null
  error: TaskError | null
  endedAt: number | null
  /** It is removed after this time. */
  expiresAt: number | null
}

/** How an attempt ended. */
export type Outcome =
  | { type: 'done' }
  /** `isHopeless`: no other attempt would help. */
  | { type: 'failed'; error: TaskError; isHopeless: boolean }
  /** It could not be tried. The attempt does not count. */
  | { type: 'postponed'; afterMs: number }
  /** Its holder stopped because he was asked to. */
  | { type: 'cancelled' }

/** `attempt` is what the sender holds; an older one changes nothing. */
export type TaskEvent =
  | { type: 'taken'; until: number }
  | { type: 'renewed'; attempt: number; until: number }
  | { type: 'ended'; attempt: number; outcome: Outcome }
  /** Its holder was not heard of for too long. */
  | { type: 'lapsed' }
  | { type: 'cancel' }
  /** Somebody wants a task that is over, or that waits, to be tried now. */
  | { type: 'retry' }

export interface ReduceOptions {
  now: number
  pauses: Pauses
  /** From 0 to 1. */
  random: number
}

/** What a task that was over is given when somebody wants it to be tried again. */
export const RETRY_ATTEMPTS = 5

/** Returns the same object where the event changes nothing. */
export function reduceTask(task: TaskFacts, event: TaskEvent, options: ReduceOptions): TaskFacts {
  const { now } = options
  const waits = task.state === 'queued' || task.state === 'failed'
  switch (event.type) {
    case 'taken':
      if (!waits || task.runAfter > now) return task
      return { ...task, state: 'taken', attempt: task.attempt + 1, takenUntil: event.until }
    case 'renewed':
      return isHeld(task, event.attempt) ? { ...task, takenUntil: event.until } : task
    case 'ended':
      return isHeld(task, event.attempt) ? ended(task, event.outcome, options) : task
    case 'lapsed':
      if (task.state !== 'taken' || (task.takenUntil ?? 0) > now) return task
      if (task.cancelAt !== null) return over(task, 'cancelled', now)
      // Whoever takes it next sees whether it has attempts left: giving up may be work, too.
      return { ...task, state: 'failed', takenUntil: null, runAfter: now }
    case 'cancel':
      if (waits) return over(task, 'cancelled', now)
      return task.state === 'taken' && task.cancelAt === null ? { ...task, cancelAt: now } : task
    case 'retry':
      if (task.state === 'taken') return task
      return {
        ...task,
        state: 'queued',
        // The number of an attempt is never given twice: by it an old holder is told from the new one.
        attempts: isOver(task.state) ? task.attempt + RETRY_ATTEMPTS : task.attempts,
        runAfter: now,
        cancelAt: null,
        endedAt: null,
        expiresAt: null,
      }
    default:
      return unreachable(event)
  }
}

export const isHeld = ({ state, attempt }: TaskFacts, by: number): boolean => state === 'taken' && attempt === by

function ended(task: TaskFacts, outcome: Outcome, { now, pauses, random }: ReduceOptions): TaskFacts {
  switch (outcome.type) {
    case 'done':
      return over({ ...task, error: null }, 'done', now)
    case 'cancelled':
      return over(task, 'cancelled', now)
    case 'postponed':
      if (task.cancelAt !== null) return over(task, 'cancelled', now)
      return {
        ...task,
        state: 'queued',
        attempts: task.attempts + 1,
        takenUntil: null,
        runAfter: now + outcome.afterMs,
      }
    case 'failed': {
      const failed = { ...task, error: outcome.error }
      if (task.cancelAt !== null) return over(failed, 'cancelled', now)
      if (outcome.isHopeless || task.attempt >= task.attempts) return over(failed, 'dead', now)
      return { ...failed, state: 'failed', takenUntil: null, runAfter: now + pauseMs(task.attempt, pauses, random) }
    }
    default:
      return unreachable(outcome)
  }
}

function over(task: TaskFacts, state: 'done' | 'dead' | 'cancelled', now: number): TaskFacts {
  const keepMs = state === 'dead' ? KEEP_DEAD_MS : KEEP_DONE_MS
  return { ...task, state, takenUntil: null, cancelAt: null, endedAt: now, expiresAt: now + keepMs }
}
