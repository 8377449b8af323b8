// The Durable Object that runs the tasks of the edge: there is one. It is woken by a call after the batch that plans a
// task, and each minute by the cron trigger for calls that were lost. While tasks run its alarm is being handled, so that
// the platform does not put it to sleep: at most STEP_MS at a time, then the next alarm goes on.
import { DurableObject } from 'cloudflare:workers'
import type { Tasks } from '#edge/ports.ts'
import { countTasks, edgeTasks } from '#edge/tasks/edge-tasks.ts'
import { MAX_LIMIT_MS } from '#shared/tasks/task-kind.ts'
import { TaskRunner } from '#shared/tasks/task-runner.ts'
import type { Bindings } from './bindings.ts'
import { createBlobs } from './blobs.ts'
import { portsOf } from './ports-of.ts'
import { createFleet } from './rooms.ts'

export const TASKS_NAME = 'tasks'
/** An alarm may take 15 minutes (developers.cloudflare.com, limits of Durable Objects). */
const STEP_MS = MAX_LIMIT_MS + 60_000

export class TasksObject extends DurableObject<Bindings> {
  readonly #runner: TaskRunner
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(ctx: DurableObjectState, bindings: Bindings) {
    super(ctx, bindings)
    const ports = { ...portsOf(bindings), blobs: createBlobs(bindings.BLOBS), fleet: createFleet(bindings) }
    this.#runner = new TaskRunner({
      ...ports,
      ...edgeTasks(ports),
      table: ports.store.tasks,
      onEnded: countTasks(ports.metrics),
      // Whoever plans a task calls, and the cron trigger each minute.
      lookEveryMs: Infinity,
      // While it is awake; what is later than that wakes it by the alarm, which outlives it.
      setAlarm: (at) => {
        clearTimeout(this.#timer)
        this.#timer = setTimeout(() => this.#runner.alarm(), Math.max(0, at - Date.now()))
      },
    })
  }

  /** Answers at once: the work is done in the alarm. */
  async wake(): Promise<void> {
    // Where it is at work already, its alarm is being handled.
    this.#runner.wake()
    await this.ctx.storage.setAlarm(Date.now())
  }

  async alarm(): Promise<void> {
    this.#runner.wake()
    await Promise.race([this.#runner.quiet(), new Promise((resolve) => setTimeout(resolve, STEP_MS))])
    const { nextAt } = this.#runner
    if (nextAt < Infinity) await this.ctx.storage.setAlarm(Math.max(Date.now(), nextAt))
  }
}

/** `later` lets the call go on when the request is answered. */
export function createTasks({ TASKS }: Pick<Bindings, 'TASKS'>, later: (work: Promise<void>) => void): Tasks {
  // A call that is lost is made up for by the cron trigger.
  return {
    wake: () =>
      later(
        TASKS.getByName(TASKS_NAME)
          .wake()
          .catch(() => undefined),
      ),
  }
}
