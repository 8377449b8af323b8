// Everything that outlives the rooms, as one Store. The host opens and migrates the database and closes it.
import { sql } from 'drizzle-orm'
import { type AudioStore, createAudioStore } from './audio-store.ts'
import type { EdgeDatabase } from './database.ts'
import { createHistoryEdits, type HistoryEdits } from './history-edits.ts'
import { createHistoryStore, type HistoryStore } from './history-store.ts'
import { createKeyStore, type KeyStore } from './key-store.ts'
import { createNodeStore, type NodeStore } from './node-store.ts'
import { createPersonaStore, type PersonaStore } from './persona-store.ts'
import { createQuotaStore, type QuotaStore } from './quota-store.ts'
import { type Metering, UNMETERED } from './quotas.ts'
import { createSessionStore, type SessionStore } from './session-store.ts'
import { createTaskStore, type TaskStore } from './task-store.ts'
import { createTurnStore, type TurnStore } from './turn-store.ts'
import { createVoiceStore, type VoiceStore } from './voice-store.ts'

export interface Store {
  sessions: SessionStore
  turns: TurnStore
  history: HistoryStore
  edits: HistoryEdits
  nodes: NodeStore
  keys: KeyStore
  personas: PersonaStore
  audio: AudioStore
  voices: VoiceStore
  tasks: TaskStore
  quotas: QuotaStore
  /** Resolves when the database answers. */
  ping(): Promise<void>
}

/** Turns per call; their text is about 100 KB. */
const INDEXED_AT_ONCE = 200

/** Does what a migration cannot do in SQL: indexes turns that are older than the search. Returns how many. */
export async function afterMigration({ history }: Pick<Store, 'history'>): Promise<number> {
  let indexed = 0
  for (let more = 1; more > 0; indexed += more) more = await history.indexOlder(INDEXED_AT_ONCE)
  return indexed
}

/** `metering` is given where the store serves callers; by default nothing is limited. */
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
    tasks: createTaskStore(db),
    quotas: createQuotaStore(db, metering),
    async ping() {
      await db.get(sql`select 1 as alive`)
    },
  }
}
