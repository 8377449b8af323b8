// What is being said, as the room sees it pass: enough to write a turn with status cut when its node is lost.
// Fed by traffic.ts; forgets a turn once it is done, because the node's outbox reports it.
import { heardText, spokenMs } from '#shared/heard.ts'
import type { TurnId } from '#shared/ids.ts'
import type { Language } from '#shared/model/language.ts'
import { MAX_TURN_TEXT_CHARS, NO_TIMINGS, type TurnRecord } from '#shared/model/turn.ts'
import type { DownMessage, UpMessage } from '#shared/protocol/session-messages.ts'
import { newTraceparent, traceIdOf } from '#shared/trace.ts'

/** A turn waits for its reply while the caller already begins the next: two at a time, four with room to spare. */
const MAX_OPEN_TURNS = 4

/** Pieces of one reply that are kept: at least a clause each, so more than any reply has. */
const MAX_PIECES = 1_000

export interface OpenTurn {
  turn: number
  source: 'speech' | 'text'
  language: Language
  utteranceText: string
  pieces: Array<{ text: string; startSample: number }>
  playedSamples: number
  /** Reply audio that went by, at the output rate: where the last piece ends, as far as is known. */
  sentSamples: number
  startedAt: number
}

/** What is being said, as it survives the room's memory. */
export interface KeptTurns {
  open: Array<[TurnId, OpenTurn]>
  typed: string
  lastTurn: number
}

type Begun = Omit<OpenTurn, 'turn' | 'pieces' | 'playedSamples' | 'sentSamples'>

export class TurnLog {
  readonly #open: Map<TurnId, OpenTurn>
  /** The text of the last text.send: its turn has no utterance. */
  #typed: string
  #lastTurn: number
  /** Counts what was said; audio alone does not count, it goes with the next words. */
  #changes = 0

  constructor(kept?: KeptTurns) {
    this.#open = new Map(kept?.open)
    this.#typed = kept?.typed ?? ''
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

  keep(): KeptTurns {
    return { open: [...this.#open], typed: this.#typed, lastTurn: this.#lastTurn }
  }

  said(message: UpMessage): void {
    this.#changes += 1
    if (message.type === 'text.send') this.#typed = message.text
    if (message.type !== 'playback.progress') return
    const turn = this.#open.get(message.turnId)
    if (turn) turn.playedSamples = Math.max(turn.playedSamples, message.playedSamples)
  }

  answered(message: DownMessage, language: Language, now: number): void {
    this.#changes += 1
    switch (message.type) {
      case 'utterance.started':
        return this.#begin(message, { source: 'speech', language, utteranceText: '', startedAt: now })
      case 'reply.started':
        return this.#begin(message, { source: 'text', language, utteranceText: this.#typed, startedAt: now })
      case 'transcript.partial':
        return this.#change(message.turnId, (turn) => (turn.utteranceText = message.text))
      case 'transcript.final':
        return this.#change(message.turnId, (turn) => {
          turn.utteranceText = message.text
          turn.language = message.language
        })
      case 'reply.text':
        return this.#change(message.turnId, ({ pieces }) => {
          if (pieces.length < MAX_PIECES) pieces.push(message)
        })
      case 'utterance.ended':
        if (message.reason === 'cleared' || message.reason === 'noSpeech') this.#open.delete(message.turnId)
        return
      case 'reply.done':
        this.#open.delete(message.turnId)
        return
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

  #begin({ turnId, turn }: { turnId: TurnId; turn: number }, as: Begun): void {
    this.#lastTurn = Math.max(this.#lastTurn, turn)
    if (this.#open.has(turnId)) return
    this.#open.set(turnId, { ...as, turn, pieces: [], playedSamples: 0, sentSamples: 0 })
    const [oldest] = this.#open.keys()
    if (oldest && this.#open.size > MAX_OPEN_TURNS) this.#open.delete(oldest)
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
    // What the node had spent is not known here; its own record, should it ever come, has it, and takes the place of this one.
    usage: { promptTokens: 0, completionTokens: 0, inputAudioMs: 0, outputAudioMs: 0 },
    // The node's trace is unknown here too: a new one says at least which record is meant.
    traceId: traceIdOf(newTraceparent()) ?? '0'.repeat(32),
    startedAt,
    endedAt: now,
  }
}

/** Whether all audio of the last piece had come is not known here: it ends no sooner than it takes to say. */
const guessedEnd = ({ text, startSample }: { text: string; startSample: number }, outputRate: number): number =>
  startSample + Math.round((spokenMs(text) * outputRate) / 1000)
