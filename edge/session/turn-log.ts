// What is being said, as the room sees it pass: which turns are open, and enough of each to write it with status cut when its
// node is lost. Fed by traffic.ts; forgets a turn once it is done, because the node's outbox reports it. Knows no link.
import { heardText, spokenMs } from '#shared/heard.ts'
import type { TurnId } from '#shared/ids.ts'
import type { Language } from '#shared/model/language.ts'
import { MAX_TURN_TEXT_CHARS, NO_TIMINGS, type TurnRecord } from '#shared/model/turn.ts'
import type { DownMessage, UpMessage } from '#shared/protocol/session-messages.ts'
import { newTraceparent, traceIdOf } from '#shared/trace.ts'

/** The caller may begin a turn while the one before waits for its reply: two at a time, four with room to spare. */
const MAX_OPEN_TURNS = 4

/** The most pieces that are kept of one reply. A piece is at least a clause, so no reply has as many. */
const MAX_PIECES = 1_000

/** A client plays a reply to its end, and reports it, while later turns go on: far fewer than these. */
const MAX_PAST_TURNS = 32

export interface OpenTurn {
  /** Its ordinal. Of a typed turn it is the next one until reply.started says it. */
  turn: number
  source: 'speech' | 'text'
  language: Language
  utteranceText: string
  pieces: Array<{ text: string; startSample: number }>
  playedSamples: number
  /** Samples of reply audio that went by, at the output rate: the last piece ends there or later. */
  sentSamples: number
  startedAt: number
}

/** What is being said, as it survives the room's memory. */
export interface KeptTurns {
  open: Array<[TurnId, OpenTurn]>
  /** The newest of those that are over. */
  past: TurnId[]
  /** The highest turn number so far. */
  lastTurn: number
}

type Begun = Omit<OpenTurn, 'pieces' | 'playedSamples' | 'sentSamples'>

export class TurnLog {
  readonly #open: Map<TurnId, OpenTurn>
  #past: TurnId[]
  #lastTurn: number
  /** Counts what was said; audio alone does not count, it goes with the next words. */
  #changes = 0

  constructor(kept?: KeptTurns) {
    this.#open = new Map(kept?.open)
    this.#past = kept?.past ?? []
    this.#lastTurn = kept?.lastTurn ?? 0
  }

  get changes(): number {
    return this.#changes
  }

  /** The highest turn number that was given, also to utterances without a word; 0 before the first. */
  get lastTurn(): number {
    return this.#lastTurn
  }

  /** Turns that are being said, oldest first. */
  get open(): TurnId[] {
    return [...this.#open.keys()]
  }

  /** Whether the caller was told of this turn. */
  knows(turnId: TurnId): boolean {
    return this.#open.has(turnId) || this.#past.includes(turnId)
  }

  keep(): KeptTurns {
    return { open: [...this.#open], past: this.#past, lastTurn: this.#lastTurn }
  }

  /** `lastTurn`: the highest number in the conversation before this session. */
  begins(lastTurn: number): void {
    this.#lastTurn = Math.max(this.#lastTurn, lastTurn)
  }

  played({ turnId, playedSamples }: Extract<UpMessage, { type: 'playback.progress' }>): void {
    this.#changes += 1
    this.#change(turnId, (turn) => (turn.playedSamples = Math.max(turn.playedSamples, playedSamples)))
  }

  answered(message: DownMessage, language: Language, now: number): void {
    this.#changes += 1
    switch (message.type) {
      case 'utterance.started':
        return this.#begin(message.turnId, {
          turn: message.turn,
          source: 'speech',
          language,
          utteranceText: '',
          startedAt: now,
        })
      case 'reply.started':
        this.#begin(message.turnId, { turn: message.turn, source: 'text', language, utteranceText: '', startedAt: now })
        this.#lastTurn = Math.max(this.#lastTurn, message.turn)
        return this.#change(message.turnId, (turn) => (turn.turn = message.turn))
      case 'transcript.partial':
        return this.#change(message.turnId, (turn) => (turn.utteranceText = message.text))
      case 'transcript.final': {
        const { turnId, text: utteranceText, language: spoken } = message
        // Typed words have no utterance: this is the first word of their turn.
        const typed = {
          turn: this.#lastTurn + 1,
          source: 'text',
          language: spoken,
          utteranceText,
          startedAt: now,
        } as const
        this.#begin(turnId, typed)
        return this.#change(turnId, (turn) => Object.assign(turn, { utteranceText, language: spoken }))
      }
      case 'reply.text':
        return this.#change(message.turnId, ({ pieces }) => {
          if (pieces.length < MAX_PIECES) pieces.push(message)
        })
      case 'utterance.ended':
        return message.reason === 'cleared' || message.reason === 'noSpeech' ? this.#over(message.turnId) : undefined
      case 'reply.done':
        return this.#over(message.turnId)
      default:
    }
  }

  /** Reply audio of the turn with this ordinal. */
  audio(ordinal: number, samples: number): void {
    for (const turn of this.#open.values()) if (turn.turn === ordinal) turn.sentSamples += samples
  }

  /** The turns that nobody will finish, without those in which no word was said. */
  cut(now: number, outputRate: number): TurnRecord[] {
    const records = [...this.#open].map(([id, turn]) => record(id, turn, { now, outputRate }))
    this.#open.clear()
    return records.filter(({ utteranceText, replyText }) => utteranceText !== '' || replyText !== '')
  }

  #begin(turnId: TurnId, as: Begun): void {
    if (this.#open.has(turnId)) return
    this.#lastTurn = Math.max(this.#lastTurn, as.turn)
    this.#open.set(turnId, { ...as, pieces: [], playedSamples: 0, sentSamples: 0 })
    const [oldest] = this.#open.keys()
    if (oldest && this.#open.size > MAX_OPEN_TURNS) this.#over(oldest)
  }

  #over(turnId: TurnId): void {
    this.#open.delete(turnId)
    this.#past = [...this.#past, turnId].slice(-MAX_PAST_TURNS)
  }

  #change(turnId: TurnId, change: (turn: OpenTurn) => void): void {
    const turn = this.#open.get(turnId)
    if (turn) change(turn)
  }
}

function record(id: TurnId, turn: OpenTurn, { now, outputRate }: { now: number; outputRate: number }): TurnRecord {
  const { source, language, utteranceText, pieces, playedSamples, startedAt } = turn
  const last = pieces.at(-1)
  const ended = last
    ? [...pieces.slice(0, -1), { ...last, endSample: Math.max(turn.sentSamples, guessedEnd(last, outputRate)) }]
    : []
  return {
    id,
    turn: turn.turn,
    source,
    status: 'cut',
    language,
    utteranceText: utteranceText.slice(0, MAX_TURN_TEXT_CHARS),
    correctedText: null,
    replyText: pieces
      .map(({ text }) => text)
      .join('')
      .slice(0, MAX_TURN_TEXT_CHARS),
    heardText: heardText(ended, playedSamples).slice(0, MAX_TURN_TEXT_CHARS),
    engines: {},
    timings: NO_TIMINGS,
    // The room does not know what the node spent. Should the node's own record ever come, it takes the place of this one.
    usage: { promptTokens: 0, completionTokens: 0, inputAudioMs: 0, outputAudioMs: 0 },
    // Nor does it know the node's trace: a new one at least names this record.
    traceId: traceIdOf(newTraceparent()) ?? '0'.repeat(32),
    startedAt,
    endedAt: now,
  }
}

/** Audio of the last piece may be missing: the piece ends no sooner than it takes to say. */
const guessedEnd = ({ text, startSample }: { text: string; startSample: number }, outputRate: number): number =>
  startSample + Math.round((spokenMs(text) * outputRate) / 1000)
