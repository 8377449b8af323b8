// Migrations, run from Node as an operator does, against the database that each host has: a file, or a libSQL server.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startLibsqlServer, type LibsqlServer } from '#edge/cli/libsql-server.ts'
import { openDatabase, type OpenDatabase } from '#edge/runtime/node/database.ts'
import { hostName } from '#tests/tooling/hosts/which-host.ts'
import { migrateToFirstRelease, MIGRATION_COUNT } from './first-release.ts'

describe('migrations', () => {
  let folder: string
  let server: LibsqlServer | undefined
  let database: OpenDatabase
  const openFile = (name: string) => openDatabase({ url: pathToFileURL(join(folder, name)).href })
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-migrations-'))
    server = hostName() === 'workers' ? await startLibsqlServer({ folder: join(folder, 'server') }) : undefined
    database = server ? await openDatabase({ url: server.url }) : await openFile('edge.db')
  })
  afterEach(async () => {
    await database.close()
    await server?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('[WRK6] run once, and make the same tables, indexes and triggers on each host', async () => {
    const { applied } = await database.migrate()
    expect(applied).toBeGreaterThan(0)
    expect((await database.migrate()).applied).toBe(0)
    const file = await openFile('other.db')
    await file.migrate()
    const made = await schemaOf(database)
    expect(made.length).toBeGreaterThan(8)
    expect(made).toEqual(await schemaOf(file))
    await file.close()
  })

  it('[WRK6] a database of an older release is brought up to date and keeps what it has', async () => {
    await migrateToFirstRelease(database, folder)
    await database.db.run(sql`insert into user (id, created_at) values ('usr_before', 1)`)
    expect((await database.migrate()).applied).toBe(MIGRATION_COUNT - 1)
    expect(await database.db.all(sql`select id from user`)).toEqual([{ id: 'usr_before' }])
  })
})

/** Without what database and server keep for themselves. */
async function schemaOf({ db }: OpenDatabase): Promise<unknown[]> {
  const made = await db.all<{ type: string; name: string; sql: string }>(
    sql`select type, name, sql from sqlite_master order by name`,
  )
  return made.filter(({ name }) => !/^(?:sqlite_|libsql_|_)/.test(name))
}
