// The words of the turn's state machine: its states, what may happen to it, and what it wants done, all as data.
// reduce() in turn-reduce.ts turns the one into the other; turn-effects.ts does what is wanted.
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
}
/** The endpointer has ended it; the recogniser has the last word. */
export interface ClosedUtterance extends Utterance {
  closed: { atSample: number; reason: CloseReason; isTold: boolean }
}

export type TurnState =
  /** Nothing is being answered. */
  | { phase: 'listening'; utterance: Utterance | undefined }
  /** The utterance is over and its final text is on the way. */
  | { phase: 'finishing'; utterance: ClosedUtterance }
  /** The reply is being made; the caller has nothing of it yet. `next`: sound that may become an utterance. */
  | { phase: 'thinking'; reply: ReplyKey; next: Utterance | undefined }
  /** Some of the reply has left; all of it may have, until it was heard. */
  | { phase: 'speaking'; reply: ReplyKey; next: Utterance | undefined }
  /** The caller speaks during the reply: it is held until there is a word, or none. */
  | { phase: 'paused'; reply: ReplyKey; wasAudible: boolean; next: Utterance | ClosedUtterance }
  /** A word ended the reply; the utterance that did it goes on. */
  | { phase: 'interrupted'; utterance: Utterance }

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
  // --- from the caller and the session ---
  | { type: 'textSent'; turnId: TurnId; atSample: number; text: string }
  | { type: 'interruptSent' }
  | { type: 'ended'; status: 'interrupted' | 'cut'; reason: StopReason }

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

export type Outcome =
  | { status: 'complete' }
  | { status: 'interrupted' | 'cut'; reason: StopReason }
  | { status: 'failed'; fault: Fault }

export type ReducerOptions = Pick<TurnOptions, 'speculation'>

export interface Step {
  state: TurnState
  effects: TurnEffect[]
}

export const sameReply = (one: ReplyKey, other: ReplyKey): boolean =>
  one.turnId === other.turnId && one.attempt === other.attempt
