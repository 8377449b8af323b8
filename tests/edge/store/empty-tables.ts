// One database serves all tests of a file: the tables that a test looks at as a whole begin empty.
import { sql } from 'drizzle-orm'
import type { OpenDatabase } from '#edge/runtime/node/database.ts'

/** In the order of their references. What migrations put into a table is not touched. */
const TABLES = [
  'turn_audio',
  'task',
  'task_lane',
  'task_pause',
  'task_schedule',
  'task_effect',
  'voice_profile',
  'turn_search',
  'turn_search_row',
  'feedback',
  'usage',
  'turn',
  'session',
  'conversation',
  'node',
  'api_key',
  'user',
]

export async function emptyTables({ db }: OpenDatabase): Promise<void> {
  for (const table of TABLES) await db.run(sql.raw(`delete from ${table}`))
}
