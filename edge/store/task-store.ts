// Tasks as the edge keeps them: what a runner takes (shared/task-store), and what operators, owners and parts of the house
// see and change of them. Knows no kind of task.
import { sql, type SQL } from 'drizzle-orm'
import { insertTask, isAttempt, VIEW, viewOf, type NewTask, type ViewRow } from '#shared/task-store/task-rows.ts'
import { sweepTasks } from '#shared/task-store/sweep-tasks.ts'
import { createTaskTable } from '#shared/task-store/task-table.ts'
import { newId, type TaskId, type UserId } from '#shared/ids.ts'
import type { Owner } from '#shared/model/caller.ts'
import type { Attempt, TaskState, TaskView } from '#shared/tasks/task.ts'
import { KEEP_DONE_MS } from '#shared/tasks/task-kind.ts'
import { RETRY_ATTEMPTS } from '#shared/tasks/task-reduce.ts'
import type { TaskTable } from '#shared/tasks/task-table.ts'
import { runBatch, type EdgeDatabase } from './database.ts'

export interface TaskFilter {
  state?: TaskState | undefined
  name?: string | undefined
}

export type ChangedTask = TaskView & { changedAt: number }

export interface TaskStore extends TaskTable {
  /** Returns the id; undefined where one with its dedupe key is not over. */
  addTask(task: NewTask, now: number): Promise<TaskId | undefined>
  /** The newest first; `before` is the last one of the page before. A user sees his own. */
  listTasks(owner: Owner, page: TaskFilter & { limit: number; before?: TaskId | undefined }): Promise<ChangedTask[]>
  task(owner: Owner, id: TaskId): Promise<ChangedTask | undefined>
  /** Those that changed from this time on, the oldest change first. */
  changedSince(owner: Owner, since: number, limit: number): Promise<ChangedTask[]>
  /** What waits is over at once; who works on it hears of it with his next renewal. False for one that is over. */
  cancelTask(owner: Owner, id: TaskId, now: number): Promise<boolean>
  /** What is over or waits is tried now. False where somebody works on it, or where there is none. */
  retryTask(owner: Owner, id: TaskId, now: number): Promise<boolean>
  /** Nothing is taken from the queue any more (`*`: from all); what is at work goes on. */
  pauseQueue(queue: string, now: number): Promise<void>
  resumeQueue(queue: string): Promise<void>
  taskStats(now: number): Promise<TaskStats>
  /** Removes what was over long enough, at most `limit`. Returns how many. */
  sweepTasks(now: number, limit: number): Promise<number>
}

export interface TaskStats {
  queues: { queue: string; state: TaskState; count: number }[]
  paused: string[]
  /** How long the task waits that has been due longest; 0 where none is. */
  waitedMs: number
  schedules: { name: string; nextAt: number | null; lastAt: number | null }[]
}

export function createTaskStore(db: EdgeDatabase): TaskStore {
  return { ...createTaskTable(db), ...seenTasks(db), ...changedTasks(db) }
}

const ownedBy = (owner: Owner): SQL => (owner === 'everybody' ? sql`1` : sql`user_id = ${owner}`)

function seenTasks(db: EdgeDatabase): Pick<TaskStore, 'listTasks' | 'task' | 'changedSince' | 'taskStats'> {
  return {
    async listTasks(owner, { state, name, limit, before }) {
      const conditions = [
        ownedBy(owner),
        ...(state === undefined ? [] : [sql`state = ${state}`]),
        ...(name === undefined ? [] : [sql`name = ${name}`]),
        ...(before === undefined ? [] : [sql`id < ${before}`]),
      ]
      const rows = await db.all<ViewRow>(
        sql`select ${VIEW} from task where ${sql.join(conditions, sql` and `)} order by id desc limit ${limit}`,
      )
      return rows.map(viewOf)
    },

    async task(owner, id) {
      const [row] = await db.all<ViewRow>(sql`select ${VIEW} from task where id = ${id} and ${ownedBy(owner)}`)
      return row && viewOf(row)
    },

    async changedSince(owner, since, limit) {
      const rows = await db.all<ViewRow>(sql`select ${VIEW} from task where changed_at >= ${since} and ${ownedBy(owner)}
        order by changed_at, id limit ${limit}`)
      return rows.map(viewOf)
    },

    async taskStats(now) {
      const { counts, paused, waiting, schedules } = await runBatch(db, {
        counts: db.all<TaskStats['queues'][number]>(
          sql`select queue, state, count(*) as count from task group by queue, state order by queue, state`,
        ),
        paused: db.all<{ queue: string }>(sql`select queue from task_pause order by queue`),
        waiting: db.all<{ since: number | null }>(
          sql`select min(run_after) as since from task where state in ('queued', 'failed') and run_after <= ${now}`,
        ),
        schedules: db.all<TaskStats['schedules'][number]>(
          sql`select name, next_at as nextAt, last_at as lastAt from task_schedule order by name`,
        ),
      })
      const since = waiting[0]?.since ?? now
      return { queues: counts, paused: paused.map(({ queue }) => queue), waitedMs: now - since, schedules }
    },
  }
}

type Changes = Pick<TaskStore, 'addTask' | 'cancelTask' | 'retryTask' | 'pauseQueue' | 'resumeQueue' | 'sweepTasks'>

function changedTasks(db: EdgeDatabase): Changes {
  return {
    async addTask(task, now) {
      const id = newId('task', now)
      const { rowsAffected } = await insertTask(db, task, { now, id })
      return rowsAffected > 0 ? id : undefined
    },

    async cancelTask(owner, id, now) {
      const { waiting, held } = await runBatch(db, {
        held: db.run(sql`update task set cancel_at = ${now}, changed_at = ${now}
          where id = ${id} and ${ownedBy(owner)} and state = 'taken'`),
        waiting: endTasks(db, sql`id = ${id} and ${ownedBy(owner)} and state in ('queued', 'failed')`, now),
      })
      return waiting.rowsAffected + held.rowsAffected > 0
    },

    async retryTask(owner, id, now) {
      const { rowsAffected } =
        await db.run(sql`update or ignore task set state = 'queued', is_ready = 1, run_after = ${now},
          attempts = case when ended_at is null then attempts else attempt + ${RETRY_ATTEMPTS} end,
          cancel_at = null, ended_at = null, expires_at = null, changed_at = ${now}
        where id = ${id} and ${ownedBy(owner)} and state <> 'taken'`)
      return rowsAffected > 0
    },

    async pauseQueue(queue, now) {
      await db.run(sql`insert into task_pause (queue, since) values (${queue}, ${now}) on conflict do nothing`)
    },

    async resumeQueue(queue) {
      await db.run(sql`delete from task_pause where queue = ${queue}`)
    },

    sweepTasks: (now, limit) => sweepTasks(db, now, limit),
  }
}

/** A statement that ends tasks whatever they are at: for those whose subject is gone. */
export const endTasks = (db: EdgeDatabase, which: SQL, now: number) =>
  db.run(sql`update task set state = 'cancelled', is_ready = 0, taken_until = null, cancel_at = null, ended_at = ${now},
      expires_at = ${now + KEEP_DONE_MS}, changed_at = ${now}
    where ended_at is null and ${which}`)

/** A statement that forgets all tasks of a user. */
export const forgetTasks = (db: EdgeDatabase, userId: UserId) => db.run(sql`delete from task where user_id = ${userId}`)

/** For a statement that must change nothing where another attempt has the task. */
export const isHeldBy = (attempt: Attempt): SQL => sql`exists (select 1 from task where ${isAttempt(attempt)})`
