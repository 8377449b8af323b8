// The store on a real libSQL file, embedded, behind its thread: what the Node host has by default.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { sql } from 'drizzle-orm'
import { migrate } from 'drizzle-orm/libsql/migrator'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDatabase } from '#edge/runtime/node/database.ts'
import { createStore } from '#edge/store/store.ts'
import { storeContract, type OpenStore } from '#tests/contracts/store.contract.ts'
import { turnCorrectionContract } from '#tests/contracts/turn-correction.contract.ts'

/** A folder with the first of the edge's migrations only. */
function firstMigration(folder: string): string {
  cpSync(fileURLToPath(new URL('../../migrations/edge', import.meta.url)), folder, { recursive: true })
  const file = join(folder, 'meta', '_journal.json')
  const journal = JSON.parse(readFileSync(file, 'utf8')) as { entries: unknown[] }
  writeFileSync(file, JSON.stringify({ ...journal, entries: journal.entries.slice(0, 1) }))
  return folder
}

async function openInThread(): Promise<OpenStore> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-store-'))
  const database = await openDatabase({ url: pathToFileURL(join(folder, 'edge.db')).href })
  await database.migrate()
  return {
    store: createStore(database.db),
    isOrdered: true,
    usageOf: (userId) =>
      database.db.get(sql`select coalesce(sum(prompt_tokens), 0) as promptTokens, coalesce(sum(turns), 0) as turns,
        coalesce(sum(completion_tokens), 0) as completionTokens, coalesce(sum(input_audio_ms), 0) as inputAudioMs,
        coalesce(sum(output_audio_ms), 0) as outputAudioMs from usage where user_id = ${userId}`),
    async close() {
      await database.close()
      rmSync(folder, { recursive: true })
    },
  }
}

storeContract('libSQL file in a thread', openInThread)
turnCorrectionContract('libSQL file in a thread', openInThread)

describe('the database file', () => {
  let folder: string
  let url: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-file-'))
    url = pathToFileURL(join(folder, 'edge.db')).href
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('[STO14] migrations run once; a database that lacks some is copied before it is changed', async () => {
    const fresh = await openDatabase({ url: pathToFileURL(join(folder, 'fresh.db')).href })
    const { applied, backup } = await fresh.migrate()
    expect(applied).toBeGreaterThan(1)
    expect(backup).toBeUndefined()
    expect(await fresh.migrate()).toEqual({ applied: 0, backup: undefined })
    await fresh.close()
    // As the first release left it.
    const database = await openDatabase({ url })
    await migrate(database.db, { migrationsFolder: firstMigration(join(folder, 'migrations')) })
    await database.db.run(sql`insert into user (id, created_at) values ('usr_before', 1)`)
    const again = await database.migrate()
    expect(again.applied).toBe(applied - 1)
    expect(await database.migrate()).toEqual({ applied: 0, backup: undefined })
    await database.close()
    expect(readdirSync(join(folder, 'backups'))).toHaveLength(1)
    const copy = await openDatabase({ url: pathToFileURL(again.backup ?? '').href })
    expect(await copy.db.get(sql`select id from user`)).toMatchObject({ id: 'usr_before' })
    expect(await copy.db.get(sql`select count(*) as n from __drizzle_migrations`)).toMatchObject({ n: 1 })
    await copy.close()
  })

  it('[STO15] no file of the database holds a key or a token, only their hashes', async () => {
    const database = await openDatabase({ url })
    await database.migrate()
    const { keys, nodes } = createStore(database.db)
    const { key } = await keys.createKey({ name: 'phone', scopes: ['talk'], now: 1 })
    const { token } = await nodes.addNode({ name: 'box', now: 1 })
    await database.close()
    const bytes = readdirSync(folder).map((name) => readFileSync(join(folder, name)))
    expect(bytes.some((file) => file.includes('phone'))).toBe(true)
    for (const secret of [key, token]) expect(bytes.some((file) => file.includes(secret.slice(3)))).toBe(false)
  })
})
