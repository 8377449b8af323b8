// Opens and migrates the edge's database on Node: a file, embedded, in a thread of its own; or a libSQL server over HTTP.
// Before an existing file is migrated it is copied. Used by the edge's root and by the CLI.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient, type Client } from '@libsql/client'
import { drizzle } from 'drizzle-orm/libsql'
import { migrate } from 'drizzle-orm/libsql/migrator'
import * as v from 'valibot'
import type { EdgeDatabase } from '#edge/store/database.ts'
import { openSqlWorker, type SqlWorker } from '#shared/on-node/sql-worker.ts'

const MIGRATIONS = fileURLToPath(new URL('../../../migrations/edge', import.meta.url))
/** Copies made before migrations; the oldest go first. */
const BACKUPS_KEPT = 5

export interface OpenDatabase {
  db: EdgeDatabase
  /** Brings the schema up to date; how many migrations ran, and where the copy of before lies. */
  migrate(): Promise<{ applied: number; backup: string | undefined }>
  close(): Promise<void>
}

export async function openDatabase({ url, authToken }: { url: string; authToken?: string }): Promise<OpenDatabase> {
  if (url.startsWith('file:')) {
    const worker = await openSqlWorker(url)
    const db = drizzle(worker)
    return { db, migrate: () => migrateFile(db, worker, fileURLToPath(url)), close: () => worker.end() }
  }
  const client = createClient({ url, authToken })
  const db = drizzle(client)
  const close = (): Promise<void> => Promise.resolve(client.close())
  return { db, migrate: async () => ({ applied: await runMigrations(db, client), backup: undefined }), close }
}

async function migrateFile(
  db: EdgeDatabase,
  worker: SqlWorker,
  file: string,
): Promise<{ applied: number; backup: string | undefined }> {
  const done = await appliedCount(worker)
  let backup: string | undefined
  if (done > 0 && done < knownMigrations()) {
    const folder = join(dirname(file), 'backups')
    backup = join(folder, `edge-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.db`)
    await worker.copyInto(backup)
    dropOldBackups(folder)
  }
  return { applied: await runMigrations(db, worker), backup }
}

async function runMigrations(db: EdgeDatabase, client: Client): Promise<number> {
  const before = await appliedCount(client)
  await migrate(db, { migrationsFolder: MIGRATIONS })
  return (await appliedCount(client)) - before
}

async function appliedCount(client: Client): Promise<number> {
  const { rows } = await client.execute(
    `select count(*) as tables from sqlite_master where name = '__drizzle_migrations'`,
  )
  if (rows[0]?.['tables'] !== 1) return 0
  const counted = await client.execute('select count(*) as applied from __drizzle_migrations')
  return v.parse(v.number(), counted.rows[0]?.['applied'])
}

/** How many migrations this code knows. */
export function knownMigrations(): number {
  const journal = readFileSync(join(MIGRATIONS, 'meta', '_journal.json'), 'utf8')
  return v.parse(v.object({ entries: v.array(v.unknown()) }), JSON.parse(journal)).entries.length
}

function dropOldBackups(folder: string): void {
  if (!existsSync(folder)) return
  // The names carry the time, so their order is that of their making.
  const copies = readdirSync(folder)
    .filter((name) => name.startsWith('edge-'))
    .sort()
  for (const name of copies.slice(0, -BACKUPS_KEPT)) rmSync(join(folder, name))
}
