// The tasks of this node, in its own database: what must be done also after a restart. Made in gpu-node/start-node.ts, which
// knows the kinds. The edge's tasks that nodes do come as requests over the control socket, and are not here.
import type { Client } from '@libsql/client'
import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/libsql'
import * as v from 'valibot'
import type { Clock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import { sweepTasks } from '#shared/task-store/sweep-tasks.ts'
import { insertTask, type NewTask } from '#shared/task-store/task-rows.ts'
import { createTaskTable } from '#shared/task-store/task-table.ts'
import { PRIORITY } from '#shared/tasks/task.ts'
import { taskKind, type QueueRules, type TaskKind } from '#shared/tasks/task-kind.ts'
import { TaskRunner } from '#shared/tasks/task-runner.ts'

export interface NodeTasks {
  /** Resolves when it is on the disk. */
  add(task: NewTask): Promise<void>
  /** What those of this name work on that are not over. */
  open(name: string): Promise<unknown[]>
  start(): void
  /** Gives back what runs: it is done after the next start. */
  stop(): Promise<void>
}

const UPKEEP = { name: 'upkeep.tasks', queue: 'upkeep', priority: PRIORITY.idle, attempts: 3 }
const SWEPT_AT_ONCE = 1_000
/** This node alone has its database: a hold only has to outlast a moment in which the process stands still. */
const HOLD_MS = 10_000

/** The tables are there: opening the outbox migrates the database. */
export function createNodeTasks(
  client: Client,
  { kinds, queues, clock, log }: { kinds: TaskKind[]; queues: QueueRules[]; clock: Clock; log: Log },
): NodeTasks {
  const db = drizzle(client)
  const upkeep = taskKind({
    ...UPKEEP,
    payload: v.unknown(),
    limitMs: 60_000,
    run: () => sweepTasks(db, clock.now(), SWEPT_AT_ONCE),
  })
  let cancel = (): void => {}
  let isStopped = false
  const runner: TaskRunner = new TaskRunner({
    kinds: [...kinds, upkeep],
    queues: [...queues, { name: UPKEEP.queue, atOnce: 1, atOnceOfUser: 1 }],
    schedules: [{ name: UPKEEP.name, task: UPKEEP.name, cron: '0 * * * *', timeZone: 'UTC', payload: null }],
    table: createTaskTable(db),
    clock,
    log,
    holdMs: HOLD_MS,
    setAlarm(at) {
      cancel()
      if (!isStopped) cancel = clock.after(Math.max(0, at - clock.now()), () => runner.alarm())
    },
  })
  return {
    async add(task) {
      await insertTask(db, task, { now: clock.now() })
      runner.wake()
    },
    async open(name) {
      const rows = await db.all<{ payload: string }>(
        sql`select payload from task where name = ${name} and ended_at is null`,
      )
      return rows.map(({ payload }): unknown => JSON.parse(payload))
    },
    start: () => runner.wake(),
    async stop() {
      await runner.stop()
      isStopped = true
      cancel()
    },
  }
}
