// What a caller may change in the middle of a session, and whether a change makes sense as a whole. Pure; the runner
// holds the one value and hands it to whoever needs the newest.
import { type Fault, invalidFault } from '#shared/fault.ts'
import type { Language } from '#shared/model/language.ts'
import { conflictsIn, type TurnOptions } from '#shared/model/turn-options.ts'
import type { VoiceChoice } from '#shared/model/voice-choice.ts'
import type { TtsMode, UnnumberedUp } from '#shared/protocol/session-messages.ts'
import { fail, ok, type Result } from '#shared/result.ts'

export interface SessionSettings {
  options: TurnOptions
  language: Language
  ttsMode: TtsMode
  voice: { source: VoiceChoice['source'] }
}

export type SessionUpdate = Extract<UnnumberedUp, { type: 'session.update' }>

/** All of the update or nothing: the bounds of single fields were checked when the message was read. */
export function updateSettings(settings: SessionSettings, update: SessionUpdate): Result<SessionSettings, Fault> {
  const options = { ...settings.options, ...update.options }
  const issues = conflictsIn(options)
  if (issues.length > 0) return fail(invalidFault(...issues))
  const { language = settings.language, ttsMode = settings.ttsMode, voice = settings.voice } = update
  return ok({ options, language, ttsMode, voice: { source: voice.source } })
}
