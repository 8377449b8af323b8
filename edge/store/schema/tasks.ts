// The tables of tasks, and where they were before. drizzle-kit loads this file.
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

export { task, taskEffect, taskLane, taskPause, taskSchedule } from '#shared/task-store/schema.ts'

/**
 * Where the release before tasks kept them. It is empty, and goes with the next release: until then that release still
 * runs on this database.
 */
export const formerTask = sqliteTable(
  'job',
  {
    id: text('id').primaryKey(),
    kind: text('kind').notNull(),
    subject: text('subject').notNull(),
    attempt: integer('attempt').notNull(),
    runAfter: integer('run_after').notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [index('job_due').on(table.kind, table.runAfter), index('job_by_subject').on(table.subject)],
)
