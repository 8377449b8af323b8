// Everything that outlives the rooms, as one Store. The host opens and migrates the database and closes it.
import { sql } from 'drizzle-orm'
import type { Store } from '#edge/ports.ts'
import type { EdgeDatabase } from './database.ts'
import { createHistoryStore } from './history-store.ts'
import { createKeyStore } from './key-store.ts'
import { createNodeStore } from './node-store.ts'
import { createPersonaStore } from './persona-store.ts'
import { createSessionStore } from './session-store.ts'
import { createTurnStore } from './turn-store.ts'

export function createStore(db: EdgeDatabase): Store {
  return {
    sessions: createSessionStore(db),
    turns: createTurnStore(db),
    history: createHistoryStore(db),
    nodes: createNodeStore(db),
    keys: createKeyStore(db),
    personas: createPersonaStore(db),
    async ping() {
      await db.get(sql`select 1 as alive`)
    },
  }
}
