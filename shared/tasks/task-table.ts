// What a runner needs of the table of tasks. shared/task-store keeps it in SQL; a test may count or break its calls.
import type { TaskId } from '#shared/ids.ts'
import type { Pauses } from './pause.ts'
import type { TaskSchedule } from './schedule.ts'
import type { Attempt, TakenTask } from './task.ts'
import type { Outcome } from './task-reduce.ts'

export interface Wanted {
  queue: string
  /** At most so many now. */
  limit: number
  atOnce: number
  atOnceOfUser: number
}

export interface TaskTable {
  /**
   * Takes due tasks, the urgent first and users in turn. Those of a vanished holder are due again. `nextAt`: when there
   * will be something to take, as far as is known.
   */
  take(wanted: readonly Wanted[], hold: { now: number; until: number }): Promise<Took>
  /** Renews the hold. Returns which are still held, and which of these are to be stopped. */
  renew(held: readonly (Attempt & { progress: number })[], hold: { now: number; until: number }): Promise<Renewed>
  /** Writes how an attempt ended. False where another attempt has the task. */
  settle(attempt: Attempt & { attempts: number }, ended: Settlement): Promise<boolean>
  /** Plans what schedules say. Returns when to look again. */
  plan(planned: readonly PlannedTask[], now: number): Promise<number | undefined>
}

export interface Took {
  tasks: TakenTask[]
  nextAt: number | undefined
}

export interface Renewed {
  held: TaskId[]
  cancelled: TaskId[]
}

export interface Settlement {
  outcome: Outcome
  result?: unknown
  now: number
  pauses: Pauses
  random: number
}

/** A schedule with what its task is made of. */
export interface PlannedTask {
  schedule: TaskSchedule
  queue: string
  priority: number
  attempts: number
}
