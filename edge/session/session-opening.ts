// Turns session.start into what the session is about: its audio format and options checked, its conversation opened in
// the store. Called by session-room.ts; knows no socket and no node.
import type { SessionOpening, SessionStore } from '#edge/ports.ts'
import type { Fault } from '#shared/fault.ts'
import { notFound } from '#shared/fault.ts'
import { DEFAULT_PERSONA_ID } from '#shared/model/persona.ts'
import { conflictsIn, DEFAULT_TURN_OPTIONS, type TurnOptions } from '#shared/model/turn-options.ts'
import type { SessionStart } from '#shared/protocol/chat-messages.ts'
import { DEFAULT_AUDIO_FORMAT, type AudioFormat } from '#shared/protocol/session-messages.ts'
import { fail, ok, type Result } from '#shared/result.ts'
import type { OpenedSession } from './session-state.ts'

/** Ordinal of a conversation's last turn that the wire can name (u16). */
const MAX_TURN = 65_535

export const audioFormat = (start: SessionStart): AudioFormat => ({ ...DEFAULT_AUDIO_FORMAT, ...start.audio })

/** The options in force; a fault names the fields that contradict each other. */
export function turnOptions(start: SessionStart): Result<TurnOptions, Fault> {
  const options = { ...DEFAULT_TURN_OPTIONS, ...start.options }
  const issues = conflictsIn(options)
  return issues.length > 0 ? fail({ code: 'invalid_message', issues }) : ok(options)
}

/** Throws FaultError: not_found for persona or conversation, conflict where the conversation has a live session, or quota_exhausted. */
export async function openSession(
  store: SessionStore,
  start: SessionStart,
  who: Pick<SessionOpening, 'sessionId' | 'userId' | 'limits' | 'now'>,
): Promise<OpenedSession> {
  const personaId = start.personaId ?? DEFAULT_PERSONA_ID
  const found = await store.persona(personaId)
  if (!found) throw notFound('persona', personaId)
  const { ttsMode, ...persona } = found
  const opened = await store.openSession({ ...who, conversationId: start.conversationId, personaId })
  return {
    ...opened,
    turnCount: Math.min(opened.turnCount, MAX_TURN - 1),
    persona,
    language: start.language ?? persona.language,
    ttsMode: start.ttsMode ?? ttsMode,
    audio: audioFormat(start),
    options: { ...DEFAULT_TURN_OPTIONS, ...start.options },
  }
}
