// Turns session.start into what the session is about: its audio format and options checked, its conversation opened in
// the store. Called by session-effects.ts and traffic.ts; knows no socket and no node.
import type { SessionOpening } from '#edge/store/session-store.ts'
import type { Store } from '#edge/store/store.ts'
import { FaultError, notFound, type Fault, invalidFault } from '#shared/fault.ts'
import type { VoiceProfileId } from '#shared/ids.ts'
import { DEFAULT_PERSONA_ID } from '#shared/model/persona.ts'
import type { SpeakingVoice } from '#shared/model/voice-profile.ts'
import { conflictsIn, DEFAULT_TURN_OPTIONS, type TurnOptions } from '#shared/model/turn-options.ts'
import type { SessionStart } from '#shared/protocol/chat-messages.ts'
import { DEFAULT_AUDIO_FORMAT, type AudioFormat } from '#shared/protocol/session-messages.ts'
import { fail, ok, type Result } from '#shared/result.ts'
import type { OpenedSession } from './session-state.ts'

export const audioFormat = (start: SessionStart): AudioFormat => ({ ...DEFAULT_AUDIO_FORMAT, ...start.audio })

/** The options in force; a fault names the fields that contradict each other. */
export function turnOptions(start: SessionStart): Result<TurnOptions, Fault> {
  const options = { ...DEFAULT_TURN_OPTIONS, ...start.options }
  const issues = conflictsIn(options)
  return issues.length > 0 ? fail(invalidFault(...issues)) : ok(options)
}

/**
 * Throws FaultError: not_found for persona, voice profile or conversation; conflict where the conversation has a live session or
 * the chosen voice is not ready; quota_exhausted.
 */
export async function openSession(
  store: Pick<Store, 'sessions' | 'voices' | 'audio'>,
  start: SessionStart,
  who: Pick<SessionOpening, 'sessionId' | 'userId' | 'limits' | 'now'>,
): Promise<OpenedSession> {
  const personaId = start.personaId ?? DEFAULT_PERSONA_ID
  const found = await store.sessions.persona(personaId)
  if (!found) throw notFound('persona', personaId)
  const { ttsMode, voiceProfileId, keepAudioDays: _, ...persona } = found
  const voiceProfile = await voiceOf(store, who, { asked: start.voiceProfileId, ofPersona: voiceProfileId })
  const keepAudioDays = await store.audio.keepDays({ userId: who.userId, personaId })
  const opening = { ...who, conversationId: start.conversationId, personaId, keepAudioDays }
  const opened = await store.sessions.openSession(opening)
  return {
    ...opened,
    persona,
    voiceProfile,
    keepAudio: keepAudioDays > 0,
    language: start.language ?? persona.language,
    ttsMode: start.ttsMode ?? ttsMode,
    audio: audioFormat(start),
    options: { ...DEFAULT_TURN_OPTIONS, ...start.options },
  }
}

/** A persona whose voice profile is not ready speaks with its own voice. Its operator can mend that, and a caller cannot. */
async function voiceOf(
  { voices }: Pick<Store, 'voices'>,
  { userId }: Pick<SessionOpening, 'userId'>,
  { asked, ofPersona }: { asked: VoiceProfileId | undefined; ofPersona: VoiceProfileId | null },
): Promise<SpeakingVoice | null> {
  if (asked === undefined) return ofPersona === null ? null : ((await voices.personaVoice(ofPersona)) ?? null)
  const found = await voices.speakingVoice({ userId, id: asked })
  if (found === undefined) throw notFound('voice profile', asked)
  if (found !== 'unready') return found
  throw new FaultError({ code: 'conflict', kind: 'voice profile', id: asked, expected: 'ready', found: 'not ready' })
}
