// What a caller chooses for his calls: the persona, how well the voice sounds, and whether it imitates him. Read by call.ts when a
// session opens, changed by settings.tsx. It knows no session.
import { signal } from '@preact/signals'
import type { PersonaId } from '#shared/ids.ts'
import type { SessionStart } from '#shared/protocol/chat-messages.ts'
import { TtsMode } from '#shared/protocol/session-messages.ts'
import { fetchPersonas, type ListedPersona } from './edge-api.ts'
import { chosenVoice } from './voices.ts'

const PERSONA_KEY = 'parley.persona'
const MODE_KEY = 'parley.ttsMode'

/** The personas that this edge offers; empty until it has answered. */
export const personas = signal<readonly ListedPersona[]>([])
/** Undefined: the edge's default persona. */
export const chosenPersona = signal<PersonaId | undefined>(undefined)
/** Undefined: the persona's own mode. */
export const chosenMode = signal<TtsMode | undefined>(undefined)
/** The caller agrees that his voice is imitated. Forgotten when the page is closed: consent is not kept. */
export const isLikeMe = signal(false)

/** Reads the list of personas and what was chosen in this browser before. Without an answer there is nothing to choose. */
export async function recallChoices(): Promise<void> {
  const mode = localStorage.getItem(MODE_KEY)
  chosenMode.value = TtsMode.options.find((option) => option === mode)
  try {
    personas.value = await fetchPersonas()
  } catch {
    return
  }
  // A persona that was removed meanwhile would make the edge refuse the call.
  const kept = localStorage.getItem(PERSONA_KEY)
  chosenPersona.value = personas.value.find(({ id }) => id === kept)?.id
}

export function choosePersona(id: PersonaId): void {
  chosenPersona.value = id
  localStorage.setItem(PERSONA_KEY, id)
}

export function chooseMode(mode: TtsMode | undefined): void {
  chosenMode.value = mode
  if (mode === undefined) localStorage.removeItem(MODE_KEY)
  else localStorage.setItem(MODE_KEY, mode)
}

/** The choices that go into session.start. */
export function startChoices(): Pick<SessionStart, 'personaId' | 'ttsMode' | 'voiceProfileId'> {
  return {
    ...(chosenVoice.value !== undefined && { voiceProfileId: chosenVoice.value }),
    ...(chosenPersona.value !== undefined && { personaId: chosenPersona.value }),
    ...(chosenMode.value !== undefined && { ttsMode: chosenMode.value }),
  }
}
