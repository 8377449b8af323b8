// What several steps of the turn's state machine share: an utterance begins, changes, becomes the one that is listened to,
// takes the floor from a reply, or is dropped. Pure; used by turn-reduce.ts and the *-steps.ts files.
import type { TurnId } from '#shared/ids.ts'
import type {
  AnyUtterance,
  ClosedUtterance,
  Outcome,
  ReplyKey,
  Step,
  TurnEffect,
  TurnState,
  Utterance,
} from './turn-state.ts'
import { hasWords } from './same-words.ts'

export const unchanged = (state: TurnState): Step => ({ state, effects: [] })

export const newUtterance = (turnId: TurnId, atSample: number): Utterance => ({
  turnId,
  atSample,
  words: '',
  pause: undefined,
  speculations: 0,
  speculation: undefined,
  isInsistent: false,
})

export const isClosed = (utterance: AnyUtterance): utterance is ClosedUtterance => 'closed' in utterance

/** The utterance that the state holds, whatever part it has. */
export function heldUtterance(state: TurnState): AnyUtterance | undefined {
  return state.type === 'thinking' || state.type === 'speaking' || state.type === 'paused'
    ? state.next
    : state.utterance
}

/** The same state with another version of its utterance. */
export function withUtterance(state: TurnState, utterance: AnyUtterance): TurnState {
  switch (state.type) {
    case 'thinking':
    case 'speaking':
    case 'paused':
      return { ...state, next: utterance }
    case 'finishing':
      return isClosed(utterance) ? { ...state, utterance } : state
    default:
      return { ...state, utterance }
  }
}

/** The reply is over: a sound that was in doubt during it is an utterance now. */
export function attendTo(next: AnyUtterance | undefined, hasInterrupted: boolean): Step {
  if (!next) return unchanged({ type: 'listening', utterance: undefined })
  const { turnId, atSample, words } = next
  const effects: TurnEffect[] = [{ type: 'tellStarted', turnId, atSample }]
  if (hasWords(words)) effects.push({ type: 'tellPartial', turnId, text: words })
  if (isClosed(next)) {
    const closing = closeUtterance(next, next.closed)
    return { state: closing.state, effects: [...effects, ...closing.effects] }
  }
  return { state: { type: hasInterrupted ? 'interrupted' : 'listening', utterance: next }, effects }
}

/** Waits for the final text. The end is told now if there are words; else it may turn out that nothing was said. */
export function closeUtterance(utterance: Utterance, end: Omit<ClosedUtterance['closed'], 'isTold'>): Step {
  const isTold = hasWords(utterance.words)
  const { atSample, reason } = end
  const effects: TurnEffect[] = isTold ? [{ type: 'tellEnded', turnId: utterance.turnId, atSample, reason }] : []
  return { state: { type: 'finishing', utterance: { ...utterance, closed: { atSample, reason, isTold } } }, effects }
}

/** The end of an utterance, unless it was told when it was closed. */
export function tellClosed({ turnId, words, closed }: ClosedUtterance): TurnEffect[] {
  if (closed.isTold) return []
  return [
    { type: 'tellEnded', turnId, atSample: closed.atSample, reason: hasWords(words) ? closed.reason : 'noSpeech' },
  ]
}

/** A word ends the reply. */
export function takeFloor(reply: ReplyKey, next: AnyUtterance): Step {
  const attended = attendTo(next, true)
  return {
    state: attended.state,
    effects: [settle(reply, { status: 'interrupted', reason: 'bargeIn' }), ...attended.effects],
  }
}

export const settle = (reply: ReplyKey, outcome: Outcome): TurnEffect => ({
  type: 'settleTurn',
  turnId: reply.turnId,
  reply,
  outcome,
})

/** Ends an utterance that will get no reply: its words, if there are any, stay in the conversation. */
export function settleUtterance(utterance: AnyUtterance, outcome: Outcome): TurnEffect[] {
  const { turnId, words } = utterance
  const dropped = dropSpeculation(utterance)
  if (!hasWords(words)) return [...dropped, { type: 'forgetTurn', turnId }]
  return [...dropped, { type: 'takeText', turnId, text: words }, { type: 'settleTurn', turnId, outcome }]
}

export function dropSpeculation({ turnId, speculation }: Utterance): TurnEffect[] {
  return speculation ? [{ type: 'dropReply', reply: { turnId, attempt: speculation.attempt } }] : []
}

/** The caller wanted it gone, or nothing can be made of it. */
export function forget(utterance: Utterance, end?: { atSample: number; reason: 'cleared' | 'noSpeech' }): TurnEffect[] {
  const { turnId } = utterance
  const told: TurnEffect[] = end ? [{ type: 'tellEnded', turnId, ...end }] : []
  return [...dropSpeculation(utterance), ...told, { type: 'forgetTurn', turnId }]
}

/** It was no utterance after all: the reply goes on. */
export function resume(state: Extract<TurnState, { type: 'paused' }>): Step {
  const { reply, wasAudible, next } = state
  return {
    state: { type: wasAudible ? 'speaking' : 'thinking', reply, next: undefined },
    effects: [...forget(next), { type: 'resumeReply', reply }],
  }
}
