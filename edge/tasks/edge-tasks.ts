// All kinds of tasks of the edge, with their queues and schedules. A part of the house that has work for the background
// exports a TaskPart, and stands in the list here; the hosts give all of it to their runner.
import type { EdgePorts, Metrics } from '#edge/ports.ts'
import type { EndedAttempt } from '#shared/tasks/task-runner.ts'
import type { TaskSchedule } from '#shared/tasks/schedule.ts'
import type { QueueRules, TaskKind } from '#shared/tasks/task-kind.ts'
import { upkeepTasks } from './upkeep-tasks.ts'
import { userTasks } from './user-tasks.ts'
import { voiceTasks } from './voice-tasks.ts'

export interface TaskPart {
  kinds: readonly TaskKind[]
  /** A queue that another part has is not named again. */
  queues?: readonly QueueRules[]
  schedules?: readonly TaskSchedule[]
}

export type EdgeTaskPorts = Pick<EdgePorts, 'clock' | 'log' | 'blobs' | 'store'> & {
  fleet: Pick<EdgePorts['fleet'], 'nodes' | 'request'>
}

/** `more`: what a host alone can do, e.g. copy its database. */
export function edgeTasks(ports: EdgeTaskPorts, more: readonly TaskPart[] = []): Required<TaskPart> {
  const parts: TaskPart[] = [voiceTasks(ports), upkeepTasks(ports), { kinds: userTasks(ports) }, ...more]
  return {
    kinds: parts.flatMap(({ kinds }) => kinds),
    queues: parts.flatMap(({ queues = [] }) => queues),
    schedules: parts.flatMap(({ schedules = [] }) => schedules),
  }
}

/** What the runner says of each attempt, as figures. */
export const countTasks =
  ({ count, observe }: Pick<Metrics, 'count' | 'observe'>) =>
  ({ name, attempt, outcome, tookMs, waitedMs }: EndedAttempt): void => {
    count('tasks_ended', { name, outcome })
    observe('task_run', tookMs, { name })
    if (attempt === 1) observe('task_wait', waitedMs, { name })
  }
