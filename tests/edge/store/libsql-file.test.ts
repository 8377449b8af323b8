// The store on a real libSQL file, embedded, behind its thread: what the Node host has by default.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Metering } from '#edge/store/quotas.ts'
import { openDatabase, type OpenDatabase } from '#edge/runtime/node/database.ts'
import { afterMigration, createStore } from '#edge/store/store.ts'
import { turnRecord } from '#tests/fakes/turn-record.ts'
import { emptyTables } from './empty-tables.ts'
import { historyContract } from './history.contract.ts'
import { storeContract, type OpenStore } from './store.contract.ts'
import { quotasContract } from './quotas.contract.ts'
import { sessionSweepContract } from './session-sweep.contract.ts'
import { tasksContract } from './tasks.contract.ts'
import { turnCorrectionContract } from './turn-correction.contract.ts'
import { turnNumbersContract } from './turn-numbers.contract.ts'
import { voicesContract } from './voices.contract.ts'
import { migrateToFirstRelease, MIGRATION_COUNT } from './first-release.ts'

let shared: OpenDatabase
let sharedFolder: string
beforeAll(async () => {
  sharedFolder = mkdtempSync(join(tmpdir(), 'parley-store-'))
  shared = await openDatabase({ url: pathToFileURL(join(sharedFolder, 'edge.db')).href })
  await shared.migrate()
})
afterAll(async () => {
  await shared.close()
  rmSync(sharedFolder, { recursive: true })
})

async function openInThread(metering?: Metering): Promise<OpenStore> {
  await emptyTables(shared)
  return {
    store: createStore(shared.db, metering),
    isOrdered: true,
    usageOf: (userId) =>
      shared.db.get(sql`select coalesce(sum(prompt_tokens), 0) as promptTokens, coalesce(sum(turns), 0) as turns,
        coalesce(sum(completion_tokens), 0) as completionTokens, coalesce(sum(input_audio_ms), 0) as inputAudioMs,
        coalesce(sum(output_audio_ms), 0) as outputAudioMs from usage where user_id = ${userId}`),
    close: () => Promise.resolve(),
  }
}

storeContract('libSQL file in a thread', openInThread)
quotasContract('libSQL file in a thread', openInThread)
turnCorrectionContract('libSQL file in a thread', openInThread)
turnNumbersContract('libSQL file in a thread', openInThread)
historyContract('libSQL file in a thread', openInThread)
sessionSweepContract('libSQL file in a thread', openInThread)
voicesContract('libSQL file in a thread', openInThread)
tasksContract('libSQL file in a thread', openInThread)

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
    await migrateToFirstRelease(database, folder)
    await database.db.run(sql`insert into user (id, created_at) values ('usr_before', 1)`)
    const { applied, backup } = await database.migrate()
    expect(applied).toBe(MIGRATION_COUNT - 1)
    expect(await database.migrate()).toEqual({ applied: 0, backup: undefined })
    await database.close()
    expect(readdirSync(join(folder, 'backups'))).toHaveLength(1)
    const copy = await openDatabase({ url: pathToFileURL(backup ?? '').href })
    expect(await copy.db.all(sql`select id from user`)).toEqual([{ id: 'usr_before' }])
    await copy.close()
  })

  it('[HIS14] turns that were stored before the search are found after a migration', async () => {
    const database = await openDatabase({ url })
    await database.migrate()
    const store = createStore(database.db)
    const { keyId } = await store.keys.createKey({ name: 'x', scopes: ['talk'], now: 1 })
    const userId = (await store.keys.callerById(keyId, 1))?.userId ?? 'usr_none'
    const opening = { sessionId: 'ses_before', userId, conversationId: undefined, personaId: 'per_default' } as const
    const { conversationId } = await store.sessions.openSession({ ...opening, now: 1 })
    for (let turn = 1; turn <= 201; turn += 1) {
      const record = turnRecord({ turn, utteranceText: `number ${turn}` })
      await store.turns.storeTurn({ sessionId: 'ses_before', conversationId, record, now: turn })
    }
    for (const table of ['turn_search', 'turn_search_row']) await database.db.run(sql.raw(`delete from ${table}`))
    expect(await store.history.search(userId, 'number', 9)).toEqual([])
    expect(await afterMigration(store)).toBe(201)
    expect(await store.history.search(userId, '201', 9)).toMatchObject([{ text: 'number 201' }])
    expect(await afterMigration(store)).toBe(0)
    await database.close()
  })

  it('[HIS23] the best are looked for among the newest two hundred', async () => {
    const database = await openDatabase({ url })
    await database.migrate()
    const store = createStore(database.db)
    const { keyId } = await store.keys.createKey({ name: 'x', scopes: ['talk'], now: 1 })
    const userId = (await store.keys.callerById(keyId, 1))?.userId ?? 'usr_none'
    const opening = { sessionId: 'ses_often', userId, conversationId: undefined, personaId: 'per_default' } as const
    const { conversationId } = await store.sessions.openSession({ ...opening, now: 1 })
    let number = 0
    const say = (utteranceText: string): Promise<unknown> => {
      const record = turnRecord({ turn: ++number, utteranceText, replyText: '' })
      return store.turns.storeTurn({ sessionId: 'ses_often', conversationId, record, now: number })
    }
    const best = async () => (await store.history.search(userId, 'whale', 1)).map(({ text }) => text)
    await say('whale whale whale')
    for (let others = 1; others < 200; others++) await say('a whale among many other things')
    expect(await best()).toEqual(['whale whale whale'])
    await say('a whale among many other things')
    expect(await best()).toEqual(['a whale among many other things'])
    await database.close()
  })

  it('[STO14] a new database is not copied', async () => {
    const database = await openDatabase({ url })
    expect(await database.migrate()).toEqual({ applied: MIGRATION_COUNT, backup: undefined })
    await database.close()
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
