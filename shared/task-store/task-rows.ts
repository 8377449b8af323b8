// The words of the table `task` that its statements share. Edge and GPU node have the same table in their databases
// (edge/store/schema/tasks.ts, gpu-node/tasks/schema.ts). Written as SQL, because SQLite uses a partial index only where
// its condition stands in the statement as it is, and not as a parameter.
import { sql, type SQL } from 'drizzle-orm'
import type { LibSQLDatabase } from 'drizzle-orm/libsql'
import { newId, type TaskId } from '#shared/ids.ts'
import type { TakenTask, TaskView } from '#shared/tasks/task.ts'

export type TaskDatabase = LibSQLDatabase

export const VIEW =
  sql.raw(`id, name, queue, user_id as userId, state, priority, attempt, attempts, run_after as runAfter,
  taken_until as takenUntil, progress, result, error, created_at as createdAt, started_at as startedAt, ended_at as endedAt,
  changed_at as changedAt`)
export const TAKEN = sql.raw(`id, name, queue, user_id as userId, payload, attempt, attempts, taken_until as takenUntil,
  created_at as createdAt`)

export type ViewRow = Omit<TaskView, 'result' | 'error'> & {
  id: TaskId
  result: string | null
  error: string | null
  changedAt: number
}
export type TakenRow = Omit<TakenTask, 'payload'> & { payload: string }

export interface NewTask {
  name: string
  queue: string
  priority: number
  attempts: number
  payload: unknown
  /** Whose turn it is among those who wait; null for work of the house. */
  userId?: string | SQL | null
  runAfter?: number
  /** While one with this key is not over, another one is not added. */
  dedupeKey?: string | undefined
}

/**
 * A statement that adds a task; for a batch, behind the statements that make `condition` true. Its `turn` stands behind
 * the last of its user, and not before what was taken last: so users take turns, and who was idle gains nothing by it.
 */
export function insertTask(
  db: TaskDatabase,
  task: NewTask,
  { now, id }: { now: number; id?: TaskId },
  condition: SQL = sql`1`,
) {
  const { name, queue, priority, attempts, payload, userId = null, runAfter = now, dedupeKey = null } = task
  const isReady = runAfter <= now ? 1 : 0
  const turn = sql`max(
    coalesce((select max(turn) + 1 from task where user_id = ${userId} and queue = ${queue} and priority = ${priority}
      and ended_at is null), 0),
    coalesce((select turn from task_lane where queue = ${queue} and priority = ${priority}), 0))`
  return db.run(sql`insert into task (id, name, queue, user_id, payload, priority, state, attempt, attempts, run_after,
      is_ready, turn, dedupe_key, progress, created_at, changed_at)
    select ${id ?? newId('task', now)}, ${name}, ${queue}, ${userId}, ${JSON.stringify(payload ?? null)}, ${priority},
      'queued', 0, ${attempts}, ${runAfter}, ${isReady}, ${turn}, ${dedupeKey}, 0, ${now}, ${now}
    where ${condition} on conflict do nothing`)
}

/** Finds no row where another attempt has the task, or where it is over. */
export const isAttempt = ({ id, attempt }: { id: string; attempt: number }): SQL =>
  sql`id = ${id} and attempt = ${attempt} and state = 'taken'`

export const takenOf = ({ payload, ...row }: TakenRow): TakenTask => ({
  ...row,
  payload: JSON.parse(payload) as unknown,
})

export const viewOf = ({ result, error, ...row }: ViewRow): TaskView & { changedAt: number } => ({
  ...row,
  result: result === null ? null : (JSON.parse(result) as unknown),
  error: error === null ? null : (JSON.parse(error) as TaskView['error']),
})
