// The personas: listed and changed for their operator. The rooms read single ones through the session store.
import { asc, eq, getTableColumns, sql } from 'drizzle-orm'
import type { PersonaStore } from '#edge/ports.ts'
import { newId } from '#shared/ids.ts'
import type { EdgeDatabase } from './database.ts'
import { conversation, persona } from './schema.ts'

/** Personas in one answer: a list for people. */
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
      const [, found] = await db.batch([
        // Writing comes first: two that begin by reading would refuse each other on a server.
        db
          .update(persona)
          .set({ createdAt: sql`${persona.createdAt}` })
          .where(eq(persona.id, id)),
        db.select({ isUsed }).from(persona).where(eq(persona.id, id)),
        db.delete(persona).where(sql`${persona.id} = ${id} and not ${isUsed}`),
      ])
      if (!found[0]) return 'unknown'
      return found[0].isUsed ? 'used' : 'removed'
    },
  }
}
