// The turns of one session, made of what the node has and what session.begin says. Used by node-session.ts. Knows no link.
import type { Clock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import type { EngineInfo } from '#shared/model/engine.ts'
import type { Language } from '#shared/model/language.ts'
import type { SpeakingVoice } from '#shared/model/voice-profile.ts'
import type { SessionBegin } from '#shared/protocol/session-messages.ts'
import type { WordList } from '#shared/safety/word-list.ts'
import type { Engines, RecordedText } from '#gpu-node/engines/ports.ts'
import type { FinishedTurn } from '#gpu-node/outbox/finished-turn.ts'
import type { TurnRunner, TurnRunnerOptions, TurnSink } from '#gpu-node/turn/ports.ts'
import { wishedEngines } from './wished-engines.ts'

/** What every session of this node shares. */
export interface SessionSurroundings {
  edgeUrl: string
  token: string
  engines: Engines
  createTurns: (options: TurnRunnerOptions) => TurnRunner
  /** The recording of a voice profile. Rejects where it cannot be had. */
  voiceOf?: (voice: SpeakingVoice, signal: AbortSignal) => Promise<RecordedText>
  /** What is said where no engine can answer any more. */
  apology?: (language: Language) => RecordedText | undefined
  /** The operator's words that no reply says. */
  profanity?: WordList | undefined
  /** Keeps the sound of turns, for sessions that want it. */
  record?: (sink: TurnSink, outputRate: number) => TurnSink
  /** Resolves once the turn is safe on this node's disk. */
  keepTurn: (turn: FinishedTurn) => Promise<void>
  clock: Clock
  log: Log
  random?: () => number
}

/** With the engines that the persona wishes, recorded where the edge wants it. */
export function createSessionTurns(
  begin: SessionBegin,
  {
    surroundings,
    log,
    voice,
    sink,
  }: { surroundings: SessionSurroundings; log: Log; voice: RecordedText | undefined; sink: TurnSink },
): { turns: TurnRunner; engines: EngineInfo[] } {
  const { createTurns, clock, apology, profanity, record } = surroundings
  const { persona, language, ttsMode, options, turns, nextTurn, keepAudio, audio } = begin
  const engines = wishedEngines(surroundings.engines, persona.engines)
  const made = createTurns({
    engines,
    clock,
    log,
    sink: keepAudio ? (record?.(sink, audio.outputRate) ?? sink) : sink,
    persona,
    profileVoice: voice,
    language,
    ttsMode,
    options,
    turns,
    nextTurn,
    inputRate: audio.inputRate,
    outputRate: audio.outputRate,
    apology,
    profanity,
  })
  return { turns: made, engines: [engines.vad, engines.stt, engines.llm, engines.tts].map(({ engine }) => engine) }
}
