// The tables of tasks, in the database of the edge and in that of the GPU node. Times are epoch milliseconds.
// drizzle-kit loads this file, so it imports only types.
import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, real, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { TaskId } from '#shared/ids.ts'
import type { TaskState } from '#shared/tasks/task.ts'

export const task = sqliteTable(
  'task',
  {
    id: text('id').$type<TaskId>().primaryKey(),
    name: text('name').notNull(),
    queue: text('queue').notNull(),
    /** Null for work of the house. */
    userId: text('user_id'),
    /** JSON. Facts are read when it is done, not when it is planned: it names what it works on. */
    payload: text('payload').notNull(),
    /** The smaller goes first. */
    priority: integer('priority').notNull(),
    state: text('state').$type<TaskState>().notNull(),
    /** How often it was begun. Only the last attempt may write of it. */
    attempt: integer('attempt').notNull(),
    attempts: integer('attempts').notNull(),
    runAfter: integer('run_after').notNull(),
    takenUntil: integer('taken_until'),
    /** Waits, and its time has come. */
    isReady: integer('is_ready').notNull(),
    /** Its place among those of its priority: users take turns. */
    turn: integer('turn').notNull(),
    dedupeKey: text('dedupe_key'),
    progress: real('progress').notNull(),
    /** JSON. */
    result: text('result'),
    /** JSON. */
    error: text('error'),
    cancelAt: integer('cancel_at'),
    createdAt: integer('created_at').notNull(),
    startedAt: integer('started_at'),
    endedAt: integer('ended_at'),
    expiresAt: integer('expires_at'),
    changedAt: integer('changed_at').notNull(),
  },
  (table) => [
    index('task_ready')
      .on(table.queue, table.priority, table.turn, table.id)
      .where(sql`is_ready = 1`),
    index('task_due')
      .on(table.runAfter)
      .where(sql`is_ready = 0 and state in ('queued', 'failed')`),
    index('task_held')
      .on(table.takenUntil)
      .where(sql`state = 'taken'`),
    index('task_at_work')
      .on(table.queue, table.userId)
      .where(sql`state = 'taken'`),
    index('task_of_user')
      .on(table.userId, table.queue, table.priority, table.turn)
      .where(sql`ended_at is null`),
    index('task_by_user').on(table.userId, table.id),
    index('task_by_state').on(table.state, table.id),
    index('task_by_queue').on(table.queue, table.state),
    index('task_changed').on(table.changedAt),
    index('task_expired').on(table.expiresAt),
    uniqueIndex('task_once')
      .on(table.dedupeKey)
      .where(sql`ended_at is null`),
  ],
)

/** The turn of what was taken last. */
export const taskLane = sqliteTable(
  'task_lane',
  { queue: text('queue').notNull(), priority: integer('priority').notNull(), turn: integer('turn').notNull() },
  (table) => [primaryKey({ columns: [table.queue, table.priority] })],
)

/** Queues from which nothing is taken; `*` for all. */
export const taskPause = sqliteTable('task_pause', {
  queue: text('queue').primaryKey(),
  since: integer('since').notNull(),
})

export const taskSchedule = sqliteTable('task_schedule', {
  name: text('name').primaryKey(),
  /** Null where it never comes again. */
  nextAt: integer('next_at'),
  /** When it was planned last. */
  lastAt: integer('last_at'),
})

/** What a task effected, so that another attempt does not do it again. */
export const taskEffect = sqliteTable(
  'task_effect',
  { key: text('key').primaryKey(), taskId: text('task_id').$type<TaskId>().notNull(), at: integer('at').notNull() },
  (table) => [index('task_effect_by_age').on(table.at)],
)
