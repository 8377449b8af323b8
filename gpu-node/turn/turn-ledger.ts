// What is known of each turn while it is open, the record that it becomes, and the conversation as prompts see it. Used by
// the effects. Knows no engine and sends nothing.
import type { Clock } from '#shared/clock.ts'
import type { TurnId } from '#shared/ids.ts'
import { invariant } from '#shared/invariant.ts'
import { engineId } from '#shared/model/engine.ts'
import type { Language } from '#shared/model/language.ts'
import type { Fallback, PastTurn, Timings, TurnRecord, TurnStatus } from '#shared/model/turn.ts'
import type { SafetyDecision } from '#shared/safety/decision.ts'
import { newTraceparent, traceIdOf } from '#shared/trace.ts'
import type { Engines } from '#gpu-node/engines/ports.ts'
import type { HeardTurn } from '#gpu-node/turn/reply/prompt.ts'

/** Turns kept for prompts and corrections: far more than fit in a prompt, and a few hundred kilobytes at most. */
export const MAX_REMEMBERED_TURNS = 200

export interface OpenTurn {
  readonly id: TurnId
  readonly source: 'speech' | 'text'
  readonly language: Language
  readonly traceparent: string
  readonly traceId: string
  /** Stops every engine that works for this turn. */
  readonly controller: AbortController
  readonly startedAt: number
  /** Ordinal in the session; given when the caller first hears of the turn. */
  turn?: number
  utteranceText: string
  correctedText: string | null
  /** When the utterance was closed, or the text came; by the clock. */
  closedAt?: number
  /** End of speech → closed. */
  endpointMs?: number
  transcribedAt?: number
  isReplyStarted: boolean
  readonly fallbacks: Fallback[]
  inputAudioMs: number
  promptTokens: number
  completionTokens: number
}

/** What the reply that was kept has to add. */
export interface ReplyFacts {
  replyText: string
  heardText: string
  outputAudioMs: number
  /** The engine that was to speak it; undefined where there was nothing to say. */
  voicedBy: string | undefined
  isSpeculative: boolean
  /** What the filters decided of it, and of the utterance that it answers. */
  safety: readonly SafetyDecision[]
  times: { asked?: number; firstToken?: number; firstPiece?: number; firstAudio?: number; firstSent?: number }
}

export interface LedgerOptions {
  clock: Clock
  engines: Engines
  turns: readonly PastTurn[]
  nextTurn: number
  /** Whether a text may not come into a prompt. */
  isBlocked: (text: string) => boolean
}

export class TurnLedger {
  readonly #clock: Clock
  readonly #engines: Engines
  readonly #open = new Map<TurnId, OpenTurn>()
  readonly #isBlocked: (text: string) => boolean
  #past: HeardTurn[]
  readonly #records = new Map<TurnId, TurnRecord>()
  #nextTurn: number
  /** Tokens spent on utterances that came to nothing: the next turn bears them. */
  #homeless = { promptTokens: 0, completionTokens: 0 }

  constructor({ clock, engines, turns, nextTurn, isBlocked }: LedgerOptions) {
    this.#clock = clock
    this.#engines = engines
    this.#isBlocked = isBlocked
    this.#past = turns.slice(-MAX_REMEMBERED_TURNS).filter(({ utteranceText }) => !isBlocked(utteranceText))
    this.#nextTurn = nextTurn
  }

  get history(): readonly HeardTurn[] {
    return this.#past
  }

  begin(turn: Pick<OpenTurn, 'id' | 'source' | 'language' | 'startedAt'>): OpenTurn {
    const traceparent = newTraceparent()
    const traceId = traceIdOf(traceparent)
    invariant(traceId, 'a new traceparent has an id')
    const begun: OpenTurn = {
      ...turn,
      traceparent,
      traceId,
      controller: new AbortController(),
      utteranceText: '',
      correctedText: null,
      isReplyStarted: false,
      fallbacks: [],
      inputAudioMs: 0,
      ...this.#homeless,
    }
    this.#homeless = { promptTokens: 0, completionTokens: 0 }
    this.#open.set(turn.id, begun)
    return begun
  }

  all(): OpenTurn[] {
    return [...this.#open.values()]
  }

  find(turnId: TurnId): OpenTurn | undefined {
    return this.#open.get(turnId)
  }

  get(turnId: TurnId): OpenTurn {
    const turn = this.#open.get(turnId)
    invariant(turn, 'the turn is open')
    return turn
  }

  /** The turn's ordinal; the first asking gives it. */
  ordinal(turnId: TurnId): number {
    const turn = this.get(turnId)
    turn.turn ??= this.#nextTurn++
    return turn.turn
  }

  forget(turnId: TurnId): void {
    const turn = this.#open.get(turnId)
    if (!turn) return
    this.#homeless.promptTokens += turn.promptTokens
    this.#homeless.completionTokens += turn.completionTokens
    this.#open.delete(turnId)
  }

  finish(turnId: TurnId, status: TurnStatus, reply: ReplyFacts, faultCode?: string): TurnRecord {
    const turn = this.get(turnId)
    const record: TurnRecord = {
      id: turn.id,
      turn: this.ordinal(turnId),
      source: turn.source,
      status,
      language: turn.language,
      utteranceText: turn.utteranceText,
      correctedText: turn.correctedText,
      replyText: reply.replyText,
      heardText: reply.heardText,
      engines: this.#enginesOf(turn, reply),
      ...(turn.fallbacks.length === 0 ? {} : { fallbacks: turn.fallbacks }),
      timings: timingsOf(turn, reply),
      usage: {
        promptTokens: turn.promptTokens,
        completionTokens: turn.completionTokens,
        inputAudioMs: Math.round(turn.inputAudioMs),
        outputAudioMs: Math.round(reply.outputAudioMs),
      },
      traceId: turn.traceId,
      startedAt: turn.startedAt,
      endedAt: this.#clock.now(),
      ...(faultCode === undefined ? {} : { faultCode }),
      ...(reply.safety.length === 0 ? {} : { safety: [...reply.safety] }),
    }
    this.#open.delete(turnId)
    this.#remember(record)
    return record
  }

  /** Puts the caller's words in place of what was recognised. The record, where the turn is over and was one of ours. */
  correct(turnId: TurnId, text: string): { isKnown: boolean; record?: TurnRecord } {
    const open = this.#open.get(turnId)
    if (open) open.correctedText = text
    const isPast = this.#records.has(turnId) || this.#past.some(({ id }) => id === turnId)
    this.#past = this.#past.map((turn) => (turn.id === turnId ? { ...turn, utteranceText: text } : turn))
    const record = this.#records.get(turnId)
    if (record) this.#records.set(turnId, { ...record, correctedText: text })
    return { isKnown: open !== undefined || isPast, record: this.#records.get(turnId) }
  }

  #remember(record: TurnRecord): void {
    const { id, correctedText, utteranceText, heardText, replyText } = record
    const isCutShort = heardText !== replyText
    const said = correctedText ?? utteranceText
    // What was refused is stored, but no later prompt has it.
    if (!this.#isBlocked(said)) this.#past = [...this.#past, { id, utteranceText: said, heardText, isCutShort }]
    this.#records.set(id, record)
    for (const old of [...this.#records.keys()].slice(0, -MAX_REMEMBERED_TURNS)) this.#records.delete(old)
    this.#past = this.#past.slice(-MAX_REMEMBERED_TURNS)
  }

  #enginesOf(turn: OpenTurn, reply: ReplyFacts): TurnRecord['engines'] {
    const { vad, stt, llm } = this.#engines
    const used = Object.fromEntries(turn.fallbacks.map((fallback) => [fallback.role, fallback.used]))
    return {
      ...(turn.source === 'speech' ? { vad: engineId(vad.engine), stt: used.stt ?? engineId(stt.engine) } : {}),
      ...(reply.times.asked === undefined ? {} : { llm: used.llm ?? engineId(llm.engine) }),
      ...(reply.voicedBy === undefined ? {} : { tts: used.tts ?? reply.voicedBy }),
    }
  }
}

/** Spans between two times that both happened; never negative, also where a reply was there before the utterance's end. */
export function timingsOf(turn: OpenTurn, { times, isSpeculative }: ReplyFacts): Timings {
  const span = (from: number | undefined, to: number | undefined): number | null =>
    from === undefined || to === undefined ? null : Math.max(0, to - from)
  const endpointMs = turn.endpointMs ?? null
  const replyMs = span(turn.closedAt, times.firstSent)
  return {
    endpointMs,
    sttMs: turn.source === 'speech' ? span(turn.closedAt, turn.transcribedAt) : null,
    llmFirstTokenMs: span(times.asked, times.firstToken),
    ttsFirstAudioMs: span(times.firstPiece, times.firstAudio),
    replyMs,
    voiceToVoiceMs: endpointMs === null || replyMs === null ? null : endpointMs + replyMs,
    speculated: isSpeculative,
  }
}
