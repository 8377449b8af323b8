// The replies of one session that are being made or heard: starts, holds, releases and stops them, and says what became of
// them. Used by the effects. Knows the sink, not the state machine.
import type { Log } from '#shared/log.ts'
import type { Fault } from '#shared/fault.ts'
import type { TurnId } from '#shared/ids.ts'
import { engineId } from '#shared/model/engine.ts'
import type { Language } from '#shared/model/language.ts'
import { MAX_REPLY_TOKENS } from '#shared/protocol/limits.ts'
import type { TtsMode } from '#shared/protocol/session-messages.ts'
import type { Degradation } from '#gpu-node/turn/degradation.ts'
import type { RecordedText } from '#gpu-node/engines/ports.ts'
import type { Guard } from '#gpu-node/turn/guard.ts'
import { buildPrompt } from './prompt.ts'
import type { TurnRunnerOptions } from '#gpu-node/turn/ports.ts'
import { Reply } from './reply.ts'
import type { ReplyKey, StopReason, TurnEvent } from '#gpu-node/turn/machine/turn-state.ts'
import { languageOfMost } from '#gpu-node/turn/spoken/spoken-text.ts'
import type { OpenTurn, ReplyFacts, TurnLedger } from '#gpu-node/turn/turn-ledger.ts'

/** How the next reply is spoken. */
export interface ReplyVoice {
  mode: TtsMode
  /** The caller's own voice, where he wants it and has said enough; else that of a profile. */
  reference: RecordedText | undefined
}

export type RepliesOptions = Pick<
  TurnRunnerOptions,
  'engines' | 'clock' | 'sink' | 'persona' | 'outputRate' | 'apology'
> & {
  guard: Guard
  ledger: TurnLedger
  degradation: Degradation
  /** As it is now: the caller may switch. */
  voice: () => ReplyVoice
  logOf: (turn: OpenTurn) => Log
  dispatch: (event: TurnEvent) => void
  track: (work: Promise<void>) => void
}

const NO_REPLY: ReplyFacts = {
  replyText: '',
  heardText: '',
  outputAudioMs: 0,
  voicedBy: undefined,
  isSpeculative: false,
  safety: [],
  times: {},
}

export class Replies {
  readonly #options: RepliesOptions
  readonly #replies = new Map<string, Reply>()
  /** Languages of which the caller knows that there is no voice. */
  readonly #voicelessTold = new Set<Language>()

  constructor(options: RepliesOptions) {
    this.#options = options
  }

  start(key: ReplyKey, text: string, isSpeculative: boolean): void {
    const { engines, clock, persona, outputRate, ledger, sink, logOf, apology, degradation, guard } = this.#options
    const turn = ledger.get(key.turnId)
    const { language, traceparent } = turn
    const { mode: ttsMode, reference } = this.#options.voice()
    const replyGuard = guard.forReply(text, language)
    const isRefused = replyGuard.refusal !== undefined
    const messages = isRefused ? [] : buildPrompt({ persona, language, history: ledger.history, utterance: text })
    const reply = new Reply({
      pipeline: {
        llm: engines.llm,
        tts: engines.tts,
        clock,
        log: logOf(turn),
        messages,
        guard: replyGuard,
        language,
        maxTokens: persona.limits?.maxReplyTokens ?? MAX_REPLY_TOKENS,
        traceparent,
        outputRate,
        voice: persona.voice,
        script: persona.script,
        ttsMode,
        reference,
        onFallback: (fallback) => degradation.fellBack(turn, fallback),
        apology: apology?.(language),
      },
      pacer: {
        sendText: (piece, startSample) => {
          this.#tellVoiceless(turn.id, languageOfMost(piece, language))
          sink.send({ type: 'reply.text', turnId: turn.id, text: piece, startSample })
        },
        sendAudio: (pcm) => sink.audio(ledger.ordinal(turn.id), pcm),
        onAudible: () => this.#options.dispatch({ type: 'replyAudible', reply: key }),
        onHeard: () => this.#heard(key),
      },
      turnSignal: turn.controller.signal,
      isSpeculative,
      onFailed: (fault: Fault) => this.#failed(key, fault),
      onPauseLasted: () => this.#options.dispatch({ type: 'pauseLasted', reply: key }),
    })
    this.#replies.set(nameOf(key), reply)
    this.#options.track(reply.over)
  }

  release(key: ReplyKey): void {
    const { ledger, sink } = this.#options
    const turn = ledger.get(key.turnId)
    turn.isReplyStarted = true
    sink.send({ type: 'reply.started', turnId: turn.id, turn: ledger.ordinal(turn.id) })
    this.#find(key)?.pacer.release()
  }

  /** Tells it once for each language of a session, before the first piece that cannot be spoken. */
  #tellVoiceless(turnId: TurnId, language: Language): void {
    const { engines, sink } = this.#options
    if (engines.tts.speaks(language) || this.#voicelessTold.has(language)) return
    this.#voicelessTold.add(language)
    sink.send({ type: 'session.notice', notice: 'voiceUnavailable', turnId, detail: language })
  }

  pause(key: ReplyKey): void {
    this.#options.sink.send({ type: 'reply.paused', turnId: key.turnId })
    this.#find(key)?.pause()
  }

  resume(key: ReplyKey): void {
    this.#options.sink.send({ type: 'reply.resumed', turnId: key.turnId })
    this.#find(key)?.resume()
  }

  progress(turnId: TurnId, playedSamples: number): void {
    for (const reply of this.#ofTurn(turnId)) reply.pacer.progress(playedSamples)
  }

  /** What a reply will fail with once its apology was heard. */
  faultOf(key: ReplyKey | undefined): Fault | undefined {
    return key && this.#find(key)?.pipeline.fault
  }

  /** Stops all attempts of a turn without a word. */
  abandon(turnId: TurnId): void {
    for (const reply of this.#ofTurn(turnId)) reply.stop('replaced')
    for (const name of this.#replies.keys()) if (name.startsWith(`${turnId}/`)) this.#replies.delete(name)
  }

  /** Stops an attempt; its tokens count for its turn whatever became of it. */
  stop(key: ReplyKey, reason: StopReason): Reply | undefined {
    const reply = this.#find(key)
    if (!reply) return undefined
    reply.stop(reason)
    this.#replies.delete(nameOf(key))
    const turn = this.#options.ledger.get(key.turnId)
    const used = reply.pipeline.usage()
    turn.promptTokens += used.promptTokens
    turn.completionTokens += used.completionTokens
    return reply
  }

  /** Stops the attempt that was kept and says what it was. All that was written was heard where it is complete. */
  close(
    key: ReplyKey | undefined,
    reason: StopReason,
    isComplete: boolean,
  ): { facts: ReplyFacts; sentSamples: number } {
    const reply = key && this.stop(key, reason)
    if (!reply) return { facts: NO_REPLY, sentSamples: 0 }
    const { pipeline, pacer, isSpeculative } = reply
    const replyText = pipeline.text.trim()
    const facts: ReplyFacts = {
      replyText,
      heardText: isComplete ? replyText : pacer.heardText().trim(),
      outputAudioMs: (pacer.sentSamples * 1000) / this.#options.outputRate,
      voicedBy: pipeline.times.firstPiece === undefined ? undefined : this.#voiceOf(pipeline.ttsMode),
      isSpeculative,
      safety: pipeline.decisions,
      times: { ...pipeline.times, firstSent: pacer.firstAudioAt },
    }
    return { facts, sentSamples: pacer.sentSamples }
  }

  #heard(key: ReplyKey): void {
    const fault = this.faultOf(key)
    if (fault) this.#failed(key, fault)
    else this.#options.dispatch({ type: 'replyHeard', reply: key })
  }

  #failed(key: ReplyKey, fault: Fault): void {
    this.#options.dispatch({ type: 'replyFailed', reply: key, fault })
  }

  #voiceOf(mode: TtsMode): string {
    const { tts } = this.#options.engines
    return engineId(tts.engineFor?.(mode) ?? tts.engine)
  }

  #ofTurn(turnId: TurnId): Reply[] {
    return [...this.#replies].filter(([name]) => name.startsWith(`${turnId}/`)).map(([, reply]) => reply)
  }

  #find(key: ReplyKey): Reply | undefined {
    return this.#replies.get(nameOf(key))
  }
}

const nameOf = ({ turnId, attempt }: ReplyKey): string => `${turnId}/${attempt}`
