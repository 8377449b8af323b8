// What a database file holds, read by SQL of its own and not by the stores: a backup may be of an older schema than this code. Blocks
// its thread, so only programs that serve nobody use it.
import Database from 'libsql'
import { BackupError } from '#edge/backup/backup-error.ts'

/** The columns that name files of the blob store. A test holds them to the schema. */
export const BLOB_COLUMNS: ReadonlyArray<readonly [table: string, column: string]> = [
  ['turn_audio', 'utterance'],
  ['turn_audio', 'reply'],
  ['voice_profile', 'sha256'],
  ['voice_profile', 'prepared_sha256'],
]

export interface DatabaseFacts {
  counts: Record<string, number>
  migrations: number
  newestTurnAt: number | null
}

/** Opens a file that nobody writes to, and closes it whatever happens. Throws BackupError where it is no database. */
export function withFile<T>(file: string, run: (database: Database.Database) => T): T {
  let database: Database.Database | undefined
  try {
    database = new Database(file, { readonly: true })
    return run(database)
  } catch (cause) {
    if (!(cause instanceof Database.SqliteError)) throw cause
    throw new BackupError(`${file} cannot be read as a database: ${cause.message}`, { cause })
  } finally {
    database?.close()
  }
}

export function factsOf(database: Database.Database): DatabaseFacts {
  const tables = tablesOf(database)
  const counts: Record<string, number> = {}
  for (const table of tables) counts[table] = one(database, `select count(*) as value from "${table}"`) ?? 0
  return {
    counts,
    migrations: counts['__drizzle_migrations'] ?? 0,
    newestTurnAt: tables.includes('turn') ? one(database, 'select max(stored_at) as value from turn') : null,
  }
}

/** How many turns were stored after a time. */
export function turnsSince(database: Database.Database, since: number): number {
  return one(database, `select count(*) as value from turn where stored_at > ${Math.trunc(since)}`) ?? 0
}

/** Each hash once, in order. */
export function* blobsOf(database: Database.Database): Generator<string> {
  const tables = tablesOf(database)
  const parts = BLOB_COLUMNS.filter(([table]) => tables.includes(table)).map(
    ([table, column]) => `select ${column} as hash from ${table} where ${column} is not null`,
  )
  if (parts.length === 0) return
  for (const row of database.prepare(`${parts.join(' union ')} order by hash`).iterate())
    yield (row as { hash: string }).hash
}

/** Empty where all is well. Reads the whole file. */
export function faultsOf(database: Database.Database): string[] {
  const broken = (database.prepare('PRAGMA integrity_check(5)').all() as Array<{ integrity_check: string }>)
    .map(({ integrity_check: text }) => text)
    .filter((text) => text !== 'ok')
  const orphans = database.prepare('PRAGMA foreign_key_check').all() as Array<{ table: string; parent: string }>
  const [first] = orphans
  return first ? [...broken, `${orphans.length} rows name rows that are not there (${first.table})`] : broken
}

/** Without the shadow tables of the search. */
function tablesOf(database: Database.Database): string[] {
  const rows = database.prepare('PRAGMA table_list').all() as Array<{ schema: string; name: string; type: string }>
  return rows
    .filter(({ schema, name, type }) => schema === 'main' && type === 'table' && !name.startsWith('sqlite_'))
    .map(({ name }) => name)
    .sort()
}

function one(database: Database.Database, sql: string): number | null {
  const [row] = database.prepare(sql).all() as Array<{ value: number | null }>
  return row?.value ?? null
}
