// A database as the first release left it, for tests of migrations.
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { migrate } from 'drizzle-orm/libsql/migrator'
import type { OpenDatabase } from '#edge/runtime/node/database.ts'

const FOLDER = 'migrations/edge'
const JOURNAL = 'meta/_journal.json'
const { entries, ...head } = JSON.parse(readFileSync(join(FOLDER, JOURNAL), 'utf8')) as { entries: unknown[] }

/** How many migrations there are by now. */
export const MIGRATION_COUNT = entries.length

/** Applies the first migration alone; `folder` takes a copy of the migrations. */
export async function migrateToFirstRelease(database: OpenDatabase, folder: string): Promise<void> {
  await migrateBefore(database, folder, 1)
}

/** Applies the first `count` migrations. */
export async function migrateBefore({ db }: OpenDatabase, folder: string, count: number): Promise<void> {
  const first = join(folder, 'first-release')
  cpSync(FOLDER, first, { recursive: true })
  writeFileSync(join(first, JOURNAL), JSON.stringify({ ...head, entries: entries.slice(0, count) }))
  await migrate(db, { migrationsFolder: first })
}
