// What a turn needs from the session that hosts it, and what it offers. The turn knows no socket, no link, no tunnel.
import type { Clock } from '#shared/clock.ts'
import type { TurnId } from '#shared/ids.ts'
import type { Log } from '#shared/log.ts'
import type { EndReason, TtsMode, UnnumberedDown, UnnumberedUp } from '#shared/protocol/session-messages.ts'
import type { Language } from '#shared/model/language.ts'
import type { Persona } from '#shared/model/persona.ts'
import type { TurnOptions } from '#shared/model/turn-options.ts'
import type { PastTurn, TurnRecord } from '#shared/model/turn.ts'
import type { WordList } from '#shared/safety/word-list.ts'
import type { Engines, RecordedText } from '#gpu-node/engines/ports.ts'

/** Where the turns of one session send what they make. Called in order; a call that throws is a bug and ends the turn. */
export interface TurnSink {
  /** A message to the caller. */
  send(message: UnnumberedDown): void
  /** Reply audio of the turn with this ordinal: PCM16 mono at the session's output rate, 20–100 ms. */
  audio(turn: number, pcm: Int16Array): void
  /** Audio of an utterance, at ENGINE_INPUT_RATE. */
  heard?(turnId: TurnId, pcm: Int16Array): void
  /** The utterance came to nothing: there will be no turn of it. */
  forgotten?(turnId: TurnId): void
  /** The turn is over and must be stored. Called once for each turn with words, and again when its transcript is corrected. */
  finished(turn: TurnRecord): void
}

export interface TurnRunnerOptions {
  engines: Engines
  clock: Clock
  log: Log
  sink: TurnSink
  persona: Persona
  /** The voice of the profile that was chosen; the persona's own without it. Only for engines that can clone. */
  profileVoice?: RecordedText | undefined
  language: Language
  ttsMode: TtsMode
  options: TurnOptions
  /** Rate of the audio given to `audio`, in Hz; converted inside to what the engines want. */
  inputRate: number
  outputRate: number
  /** The conversation so far, oldest first. */
  turns: PastTurn[]
  nextTurn: number
  /** What is said where no engine can answer any more; there without any engine. Without one a reply just ends. */
  apology?: ((language: Language) => RecordedText | undefined) | undefined
  /** The operator's words that no reply says. */
  profanity?: WordList | undefined
}

/** All turns of one session. */
export interface TurnRunner {
  /** Caller's audio as it comes: PCM16 mono at inputRate. */
  audio(pcm: Int16Array): void
  receive(message: UnnumberedUp): void
  /** Resolves when no turn is open: nothing is being said, made or heard. */
  whenIdle(): Promise<void>
  /**
   * Ends the session: what is being said is finished as `cut` (or `interrupted` for the caller's own goodbye). Neither audio
   * nor messages are taken any more. Resolves when all is told and no engine works for it.
   */
  end(reason: EndReason): Promise<void>
}
