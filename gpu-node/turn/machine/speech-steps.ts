// What the turn's state machine does when the ear hears something: speech starts, insists, pauses, goes on, ends.
// Pure; called by reduce().
import type { TurnId } from '#shared/ids.ts'
import { MAX_SPECULATIONS } from '#shared/model/turn-options.ts'
import type { ReducerOptions, Step, TurnEffect, TurnEvent, TurnState } from './turn-state.ts'
import {
  closeUtterance,
  dropSpeculation,
  forget,
  isClosed,
  newUtterance,
  resume,
  takeFloor,
  unchanged,
  utteranceIn,
  withUtterance,
} from './utterance-steps.ts'
import { hasWords } from './same-words.ts'

type Of<T extends TurnEvent['type']> = Extract<TurnEvent, { type: T }>

export function started(state: TurnState, { turnId, atSample }: Of<'speechStarted'>): Step {
  const utterance = newUtterance(turnId, atSample)
  if (state.phase === 'listening' && !state.utterance)
    return { state: { phase: 'listening', utterance }, effects: [{ type: 'tellStarted', turnId, atSample }] }
  if ((state.phase === 'thinking' || state.phase === 'speaking') && !state.next)
    return { state: { ...state, next: utterance }, effects: [] }
  // The runner holds speech back until the utterance before it is settled; one too many must not leak a recogniser.
  return { state, effects: [{ type: 'forgetTurn', turnId }] }
}

/** Speech of bargeInMs: that is no cough. The reply is held; a word that is known already ends it at once. */
export function insisted(state: TurnState, turnId: TurnId): Step {
  if ((state.phase !== 'thinking' && state.phase !== 'speaking') || state.next?.turnId !== turnId)
    return unchanged(state)
  const { reply, next } = state
  const pause: TurnEffect = { type: 'pauseReply', reply }
  if (!hasWords(next.words))
    return { state: { phase: 'paused', reply, wasAudible: state.phase === 'speaking', next }, effects: [pause] }
  const step = takeFloor(reply, next)
  return { state: step.state, effects: [pause, ...step.effects] }
}

/** The soft end: what the text is so far is worth asking, for a reply in advance or for the word that ends a reply. */
export function paused(state: TurnState, { turnId, pause }: Of<'speechPaused'>, options: ReducerOptions): Step {
  const utterance = utteranceIn(state, turnId)
  if (!utterance || isClosed(utterance)) return unchanged(state)
  const isInDoubt = state.phase === 'thinking' || state.phase === 'speaking'
  const isAsked = options.speculation && !isInDoubt && utterance.speculations < MAX_SPECULATIONS
  return {
    state: withUtterance(state, { ...utterance, pause }),
    effects: isAsked ? [{ type: 'askSnapshot', turnId, pause }] : [],
  }
}

export function wentOn(state: TurnState, turnId: TurnId): Step {
  const utterance = utteranceIn(state, turnId)
  if (!utterance || isClosed(utterance)) return unchanged(state)
  return {
    state: withUtterance(state, { ...utterance, pause: undefined, speculation: undefined }),
    effects: dropSpeculation(utterance),
  }
}

export function ended(state: TurnState, event: Of<'speechEnded'>): Step {
  const { turnId, atSample, reason } = event
  const utterance = utteranceIn(state, turnId)
  if (!utterance || isClosed(utterance)) return unchanged(state)
  const finish: TurnEffect = { type: 'finishRecognition', turnId }
  switch (state.phase) {
    case 'listening':
    case 'interrupted': {
      const closing = closeUtterance(utterance, { atSample, reason })
      return { state: closing.state, effects: [finish, ...closing.effects] }
    }
    case 'paused':
      return { state: closeNext(state, event), effects: [finish] }
    case 'thinking':
    case 'speaking': {
      // Too short to be meant for us, unless the caller says that it was.
      if (reason !== 'commit') return { state: { ...state, next: undefined }, effects: forget(utterance) }
      const { reply } = state
      const held = { phase: 'paused', reply, wasAudible: state.phase === 'speaking', next: utterance } as const
      return { state: closeNext(held, event), effects: [{ type: 'pauseReply', reply }, finish] }
    }
    default:
      return unchanged(state)
  }
}

function closeNext(state: Extract<TurnState, { phase: 'paused' }>, { atSample, reason }: Of<'speechEnded'>): TurnState {
  return { ...state, next: { ...state.next, closed: { atSample, reason, isTold: false } } }
}

export function cleared(state: TurnState, { turnId, atSample }: Of<'speechCleared'>): Step {
  const utterance = utteranceIn(state, turnId)
  if (!utterance || isClosed(utterance)) return unchanged(state)
  switch (state.phase) {
    case 'thinking':
    case 'speaking':
      return { state: { ...state, next: undefined }, effects: forget(utterance) }
    case 'paused':
      return resume(state)
    default:
      return {
        state: { phase: 'listening', utterance: undefined },
        effects: forget(utterance, { atSample, reason: 'cleared' }),
      }
  }
}
