// Removes what is over long enough from the table of tasks, in small steps.
import { sql } from 'drizzle-orm'
import { KEEP_DEAD_MS } from '#shared/tasks/task-kind.ts'
import type { TaskDatabase } from './task-rows.ts'

/** At most `limit`; returns how many tasks. The marks of their effects stay as long as a dead task does. */
export async function sweepTasks(db: TaskDatabase, now: number, limit: number): Promise<number> {
  const [tasks] = await db.batch([
    db.run(sql`delete from task where id in (select id from task where expires_at <= ${now} limit ${limit})`),
    db.run(sql`delete from task_effect
      where key in (select key from task_effect where at <= ${now - KEEP_DEAD_MS} limit ${limit})`),
  ])
  return tasks.rowsAffected
}
