// Everything that outlives the rooms, as one Store. The host opens and migrates the database and closes it.
import { sql } from 'drizzle-orm'
import type { Metering, Store } from '#edge/ports.ts'
import type { EdgeDatabase } from './database.ts'
import { createAudioStore } from './audio-store.ts'
import { createHistoryEdits } from './history-edits.ts'
import { createHistoryStore } from './history-store.ts'
import { createJobStore } from './job-store.ts'
import { createKeyStore } from './key-store.ts'
import { createNodeStore } from './node-store.ts'
import { createPersonaStore } from './persona-store.ts'
import { createQuotaStore } from './quota-store.ts'
import { UNMETERED } from './quotas.ts'
import { createSessionStore } from './session-store.ts'
import { createTurnStore } from './turn-store.ts'
import { createVoiceStore } from './voice-store.ts'

/** Turns at a time: a batch of some 100 KB. */
const INDEXED_AT_ONCE = 200

/** What a migration cannot do in SQL: makes turns findable that are older than the search. Returns how many. */
export async function afterMigration({ history }: Pick<Store, 'history'>): Promise<number> {
  let indexed = 0
  for (let more = 1; more > 0; indexed += more) more = await history.indexOlder(INDEXED_AT_ONCE)
  return indexed
}

/** `metering`: where sessions are opened and turns are stored for a service; by default nothing is limited. */
export function createStore(db: EdgeDatabase, metering: Metering = UNMETERED): Store {
  return {
    sessions: createSessionStore(db, metering),
    turns: createTurnStore(db, metering),
    history: createHistoryStore(db),
    edits: createHistoryEdits(db),
    nodes: createNodeStore(db),
    keys: createKeyStore(db),
    personas: createPersonaStore(db),
    audio: createAudioStore(db),
    voices: createVoiceStore(db),
    jobs: createJobStore(db),
    quotas: createQuotaStore(db, metering),
    async ping() {
      await db.get(sql`select 1 as alive`)
    },
  }
}
