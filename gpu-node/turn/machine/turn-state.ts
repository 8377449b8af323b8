// The types of the turn's state machine: its states, the events that it takes and the effects that it wants, all as data.
// turn-reduce.ts has the transitions; turn-effects.ts performs the effects.
import type { TurnId } from '#shared/ids.ts'
import type { Fault } from '#shared/fault.ts'
import type { TurnOptions } from '#shared/model/turn-options.ts'

/** Why a turn's engines are stopped: the reason of its AbortSignal. */
export type StopReason = 'bargeIn' | 'hangUp' | 'replaced' | 'shutdown' | 'deadline'

export type CloseReason = 'silence' | 'commit' | 'limit'

/** One run of LLM and TTS. An utterance may be answered several times, as its text becomes known; one answer is kept. */
export interface ReplyKey {
  turnId: TurnId
  /** From 1. */
  attempt: number
}

/** What the caller says, until its final text is known. */
export interface Utterance {
  turnId: TurnId
  atSample: number
  /** The text so far; empty while none is known. */
  words: string
  /** Ordinal of the soft end since which it is quiet; undefined while the caller speaks. */
  pause: number | undefined
  /** Replies that were started before the end. */
  speculations: number
  /** The one that is still good, and the text that it answers. */
  speculation: { attempt: number; text: string } | undefined
  /** It lasted for bargeInMs: one word of it ends a reply. */
  isInsistent: boolean
}
/** The utterance is over; its final text is on the way. */
export interface ClosedUtterance extends Utterance {
  closed: {
    atSample: number
    reason: CloseReason
    isTold: boolean
    /** How its turn ends once the text is here; without it the text is answered. */
    outcome?: Cut | undefined
  }
}

export type AnyUtterance = Utterance | ClosedUtterance

export type TurnState =
  /** Nothing is being answered. */
  | { type: 'listening'; utterance: Utterance | undefined }
  /** The utterance is over and its final text is on the way. */
  | { type: 'finishing'; utterance: ClosedUtterance }
  /** The reply is being made; the caller has nothing of it yet. `next`: sound that may become an utterance. */
  | { type: 'thinking'; reply: ReplyKey; next: AnyUtterance | undefined }
  /** Some of the reply was sent, perhaps all; it is not heard to its end. */
  | { type: 'speaking'; reply: ReplyKey; next: AnyUtterance | undefined }
  /** The caller speaks during the reply: it is held until there is a word, or none for too long. */
  | { type: 'paused'; reply: ReplyKey; wasAudible: boolean; next: AnyUtterance }
  /** A word ended the reply; the utterance that did it goes on. */
  | { type: 'interrupted'; utterance: Utterance }

export type TurnEvent =
  // --- from the ear; positions in the caller's samples ---
  | { type: 'speechStarted'; turnId: TurnId; atSample: number }
  | { type: 'speechInsisted'; turnId: TurnId }
  | { type: 'speechPaused'; turnId: TurnId; pause: number }
  | { type: 'speechWentOn'; turnId: TurnId }
  /** `silenceMs`: since the last speech. */
  | { type: 'speechEnded'; turnId: TurnId; atSample: number; silenceMs: number; reason: CloseReason }
  | { type: 'speechCleared'; turnId: TurnId; atSample: number }
  // --- from recognition ---
  | { type: 'partial'; turnId: TurnId; text: string }
  | { type: 'snapshot'; turnId: TurnId; pause: number; text: string }
  | { type: 'transcribed'; turnId: TurnId; text: string }
  | { type: 'recognitionFailed'; turnId: TurnId; atSample: number; fault: Fault }
  // --- from the reply ---
  | { type: 'replyAudible'; reply: ReplyKey }
  | { type: 'replyHeard'; reply: ReplyKey }
  | { type: 'replyFailed'; reply: ReplyKey; fault: Fault }
  /** It has been paused for as long as it may be without a word. */
  | { type: 'pauseLasted'; reply: ReplyKey }
  // --- from the caller and the session ---
  | { type: 'textSent'; turnId: TurnId; atSample: number; text: string }
  | { type: 'interruptSent' }
  /** The session ends. `waits`: the final text of an utterance may still come; said again without it, it may not. */
  | ({ type: 'ended'; atSample: number; waits: boolean } & Cut)

export type TurnEffect =
  // --- said to the caller ---
  | { type: 'tellStarted'; turnId: TurnId; atSample: number }
  | { type: 'tellPartial'; turnId: TurnId; text: string }
  | { type: 'tellEnded'; turnId: TurnId; atSample: number; reason: CloseReason | 'cleared' | 'noSpeech' }
  | { type: 'tellFault'; fault: Fault; turnId?: TurnId }
  // --- recognition ---
  | { type: 'askSnapshot'; turnId: TurnId; pause: number }
  | { type: 'finishRecognition'; turnId: TurnId }
  /** The turn is nothing: recognition is dropped and nothing is stored. */
  | { type: 'forgetTurn'; turnId: TurnId }
  /** The utterance's text is settled: told, and part of the turn. */
  | { type: 'takeText'; turnId: TurnId; text: string }
  // --- the reply ---
  | { type: 'startReply'; reply: ReplyKey; text: string; isSpeculative: boolean }
  /** From now on it may be heard. */
  | { type: 'releaseReply'; reply: ReplyKey }
  | { type: 'dropReply'; reply: ReplyKey }
  | { type: 'pauseReply'; reply: ReplyKey }
  | { type: 'resumeReply'; reply: ReplyKey }
  /** The turn is over: its work stops, the caller is told, the record is made. `reply` is absent where none was begun. */
  | { type: 'settleTurn'; turnId: TurnId; reply?: ReplyKey; outcome: Outcome }
  /** Drops what the machine does not know: speech that waits for its turn. */
  | { type: 'dropRest' }

export interface Cut {
  status: 'interrupted' | 'cut'
  reason: StopReason
}
export type Outcome = { status: 'complete' } | Cut | { status: 'failed'; fault: Fault }

export type ReducerOptions = Pick<TurnOptions, 'speculation'>

export interface Step {
  state: TurnState
  effects: TurnEffect[]
}

type In<P extends TurnState['type']> = Extract<TurnState, { type: P }>

/** Phases with the same transitions: the columns of the table in turn-reduce.ts. */
export interface StateIn {
  open: In<'listening' | 'interrupted'>
  finishing: In<'finishing'>
  replying: In<'thinking' | 'speaking'>
  paused: In<'paused'>
}

export type EventType = TurnEvent['type']
export type Of<E extends EventType> = Extract<TurnEvent, { type: E }>

/** The utterance that an event is about, as the state holds it: open for the ear, closed for the final text. */
type About<E extends EventType> = E extends 'speechStarted'
  ? undefined
  : E extends `speech${string}`
    ? Utterance
    : E extends 'transcribed'
      ? ClosedUtterance
      : E extends 'partial' | 'snapshot' | 'recognitionFailed'
        ? AnyUtterance
        : undefined

/** One cell of the table. */
export type Cell<C extends keyof StateIn, E extends EventType> = (
  state: StateIn[C],
  event: Of<E>,
  about: About<E>,
  options: ReducerOptions,
) => Step

export const sameReply = (one: ReplyKey, other: ReplyKey): boolean =>
  one.turnId === other.turnId && one.attempt === other.attempt
