// Personas, listed and changed for their operator. The rooms read a single one through the session store.
import { asc, eq, getTableColumns, sql } from 'drizzle-orm'
import { conversation } from '#edge/store/schema/conversations.ts'
import { persona } from '#edge/store/schema/personas.ts'
import { newId, type PersonaId, type VoiceProfileId } from '#shared/ids.ts'
import type { Persona } from '#shared/model/persona.ts'
import type { KeepAudioDays } from '#shared/model/turn-audio.ts'
import type { TtsMode } from '#shared/protocol/session-messages.ts'
import { runBatch, type EdgeDatabase } from './database.ts'

/** A persona as its operator keeps it: what the node is told, and how sessions with it begin. */
export interface StoredPersona extends Persona {
  /** For sessions that ask for no mode. */
  ttsMode: TtsMode
  voiceProfileId: VoiceProfileId | null
  keepAudioDays: KeepAudioDays
}

export interface PersonaStore {
  /** Sorted by name. */
  listPersonas(): Promise<StoredPersona[]>
  persona(id: PersonaId): Promise<StoredPersona | undefined>
  addPersona(persona: Omit<StoredPersona, 'id'>, now: number): Promise<PersonaId>
  /** False where there is none. */
  changePersona(id: PersonaId, change: Partial<Omit<StoredPersona, 'id'>>): Promise<boolean>
  /** `used`: conversations refer to it, so it stays. */
  removePersona(id: PersonaId): Promise<'removed' | 'used' | 'unknown'>
}

/** Personas in one answer; people read this list. */
const MAX_PERSONAS_READ = 200

const { createdAt: _, ...KEPT } = getTableColumns(persona)

export function createPersonaStore(db: EdgeDatabase): PersonaStore {
  return {
    listPersonas() {
      return db.select(KEPT).from(persona).orderBy(asc(persona.name), asc(persona.id)).limit(MAX_PERSONAS_READ)
    },

    async persona(id) {
      const [found] = await db.select(KEPT).from(persona).where(eq(persona.id, id))
      return found
    },

    async addPersona(made, now) {
      const id = newId('persona', now)
      await db.insert(persona).values({ ...made, id, createdAt: now })
      return id
    },

    async changePersona(id, change) {
      const changed = await db.update(persona).set(change).where(eq(persona.id, id))
      return changed.rowsAffected > 0
    },

    async removePersona(id) {
      const isUsed = sql<number>`exists (select 1 from ${conversation} where ${conversation.personaId} = ${id})`
      const { found } = await runBatch(db, {
        // A write comes first: a server refuses a transaction that has read and then writes where another one wrote in
        // between.
        touched: db
          .update(persona)
          .set({ createdAt: sql`${persona.createdAt}` })
          .where(eq(persona.id, id)),
        found: db.select({ isUsed }).from(persona).where(eq(persona.id, id)),
        removed: db.delete(persona).where(sql`${persona.id} = ${id} and not ${isUsed}`),
      })
      if (!found[0]) return 'unknown'
      return found[0].isUsed ? 'used' : 'removed'
    },
  }
}
