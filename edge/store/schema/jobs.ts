// The table of work that must not be forgotten.
// drizzle-kit loads this file, so it imports only types and the tables it refers to. Times are epoch milliseconds.
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { JobId } from '#shared/ids.ts'

export type JobKind = 'voice.prepare'

/** A row is removed when its work is done. */
export const job = sqliteTable(
  'job',
  {
    id: text('id').$type<JobId>().primaryKey(),
    kind: text('kind').$type<JobKind>().notNull(),
    /** The id of what it works on. The facts are read when it is done, not when it is planned. */
    subject: text('subject').notNull(),
    /** How often it was begun. Only the last attempt may end it. */
    attempt: integer('attempt').notNull(),
    /** Not before this time. While somebody works on it: the time at which he counts as gone. */
    runAfter: integer('run_after').notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [index('job_due').on(table.kind, table.runAfter), index('job_by_subject').on(table.subject)],
)
