// The store on a real libSQL file, embedded, behind its thread: what the Node host has by default.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDatabase } from '#edge/runtime/node/database.ts'
import { createStore } from '#edge/store/store.ts'
import { storeContract, type OpenStore } from '#tests/contracts/store.contract.ts'
import { sessionSweepContract } from '#tests/contracts/session-sweep.contract.ts'
import { turnCorrectionContract } from '#tests/contracts/turn-correction.contract.ts'

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
sessionSweepContract('libSQL file in a thread', openInThread)

describe('the database file', () => {
  let folder: string
  let url: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-file-'))
    url = pathToFileURL(join(folder, 'edge.db')).href
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('[STO14] migrations run once; a database that lacks some is copied before it is changed', async () => {
    const database = await openDatabase({ url })
    const { applied, backup } = await database.migrate()
    expect(applied).toBeGreaterThan(0)
    expect(backup).toBeUndefined()
    expect(await database.migrate()).toEqual({ applied: 0, backup: undefined })
    await createStore(database.db).keys.createKey({ name: 'before', scopes: ['talk'], now: 1 })
    // As an older release left it: without the last migration, which may run again.
    await database.db.run(
      sql`delete from __drizzle_migrations where created_at = (select max(created_at) from __drizzle_migrations)`,
    )
    const again = await database.migrate()
    await database.close()
    expect(again.applied).toBe(1)
    expect(readdirSync(join(folder, 'backups'))).toHaveLength(1)
    const copy = await openDatabase({ url: pathToFileURL(again.backup ?? '').href })
    expect(await createStore(copy.db).keys.listKeys()).toMatchObject([{ name: 'before' }])
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
