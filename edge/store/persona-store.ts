// The personas, read for the list of the page. The rooms read single ones through the session store.
import type { PersonaStore } from '#edge/ports.ts'
import type { EdgeDatabase } from './database.ts'
import { persona } from './schema.ts'

/** Personas in one answer: a list for people. */
const MAX_PERSONAS_READ = 200

export function createPersonaStore(db: EdgeDatabase): PersonaStore {
  return {
    listPersonas() {
      const { id, name, instructions, language, voice, script } = persona
      return db
        .select({ id, name, instructions, language, voice, script })
        .from(persona)
        .orderBy(persona.name)
        .limit(MAX_PERSONAS_READ)
    },
  }
}
