// The store inside workerd, on a real libSQL server over HTTP: what the Workers host has. The contract is that of the file.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll } from 'vitest'
import { startLibsqlServer, type LibsqlServer } from '#edge/cli/libsql-server.ts'
import type { Metering } from '#edge/store/quotas.ts'
import type { Store } from '#edge/store/store.ts'
import { openDatabase, type OpenDatabase } from '#edge/runtime/node/database.ts'
import { emptyTables } from '#tests/edge/store/empty-tables.ts'
import { historyContract } from '#tests/edge/store/history.contract.ts'
import { quotasContract } from '#tests/edge/store/quotas.contract.ts'
import { sessionSweepContract } from '#tests/edge/store/session-sweep.contract.ts'
import { storeContract, type OpenStore } from '#tests/edge/store/store.contract.ts'
import { tasksContract } from '#tests/edge/store/tasks.contract.ts'
import { turnCorrectionContract } from '#tests/edge/store/turn-correction.contract.ts'
import { turnNumbersContract } from '#tests/edge/store/turn-numbers.contract.ts'
import { voicesContract } from '#tests/edge/store/voices.contract.ts'
import { type Workerd, startWorkerd } from './workerd.ts'

let folder: string
let sqld: LibsqlServer
let database: OpenDatabase
let workerd: Workerd

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parley-sqld-'))
  sqld = await startLibsqlServer({ folder })
  database = await openDatabase({ url: sqld.url })
  await database.migrate()
  workerd = await startWorkerd({ DATABASE_URL: sqld.url })
})
afterAll(async () => {
  await workerd.close()
  await database.close()
  await sqld.close()
  rmSync(folder, { recursive: true, force: true })
})

async function openRemote(metering?: Metering): Promise<OpenStore> {
  await emptyTables(database)
  return {
    store: remoteStore(workerd, metering),
    isOrdered: false,
    usageOf: (userId) =>
      database.db.get(sql`select coalesce(sum(prompt_tokens), 0) as promptTokens, coalesce(sum(turns), 0) as turns,
        coalesce(sum(completion_tokens), 0) as completionTokens, coalesce(sum(input_audio_ms), 0) as inputAudioMs,
        coalesce(sum(output_audio_ms), 0) as outputAudioMs from usage where user_id = ${userId}`),
    close: () => Promise.resolve(),
  }
}

const NAME = 'libSQL server, from workerd'
storeContract(NAME, openRemote)
quotasContract(NAME, openRemote)
historyContract(NAME, openRemote)
turnCorrectionContract(NAME, openRemote)
turnNumbersContract(NAME, openRemote)
sessionSweepContract(NAME, openRemote)
voicesContract(NAME, openRemote)
tasksContract(NAME, openRemote)

/** The port, each method of which is called inside workerd. */
function remoteStore({ callStore }: Workerd, metering: Metering | undefined): Store {
  const family = (name: string): object =>
    new Proxy(
      {},
      {
        get:
          (_, method) =>
          (...args: unknown[]) =>
            callStore(`${name}.${String(method)}`, args, metering),
      },
    )
  // What the proxies lack is the names of the methods, which they take as they come.
  return {
    sessions: family('sessions'),
    turns: family('turns'),
    history: family('history'),
    edits: family('edits'),
    nodes: family('nodes'),
    keys: family('keys'),
    personas: family('personas'),
    audio: family('audio'),
    voices: family('voices'),
    tasks: family('tasks'),
    quotas: family('quotas'),
    ping: async () => void (await callStore('ping', [])),
  } as Store
}
