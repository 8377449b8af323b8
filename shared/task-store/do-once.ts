// Effects in the database that must come once, however often a task is tried: the statements, and the mark that they were
// done, are one transaction. An effect elsewhere (a file, another machine) is made idempotent by its name instead: files
// are named by their hash, a node is asked by the id of what it works on.
import { sql } from 'drizzle-orm'
import type { Attempt } from '#shared/tasks/task.ts'
import { isAttempt, type TaskDatabase } from './task-rows.ts'

type Statement = Parameters<TaskDatabase['batch']>[0][number]

/**
 * Does the statements once for all attempts that give the same key. Returns whether they were done now. Throws, and does
 * nothing, where another attempt has the task.
 */
export async function doOnce(
  db: TaskDatabase,
  { attempt, key, now }: { attempt: Attempt; key: string; now: number },
  statements: readonly Statement[],
): Promise<boolean> {
  // Who lost the task writes null, which the column refuses: the whole batch is undone.
  const mark = db.run(sql`insert into task_effect (key, task_id, at)
    values (${key}, (select id from task where ${isAttempt(attempt)}), ${now})`)
  try {
    await db.batch([mark, ...statements])
    return true
  } catch (error) {
    const [found] = await db.all(sql`select 1 from task_effect where key = ${key}`)
    if (found) return false
    throw error
  }
}
