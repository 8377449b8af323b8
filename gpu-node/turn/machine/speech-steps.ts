// What the turn's state machine does when the ear hears something: speech starts, insists, pauses, goes on, ends.
// Pure; cells of the table in turn-reduce.ts. "In doubt" is a sound during a reply: it may be a cough or an utterance.
import { MAX_SPECULATIONS } from '#shared/model/turn-options.ts'
import { hasWords } from './same-words.ts'
import type { Of, ReducerOptions, StateIn, Step, TurnEffect, TurnState, Utterance } from './turn-state.ts'
import {
  closeUtterance,
  dropSpeculation,
  forget,
  newUtterance,
  resume,
  takeFloor,
  unchanged,
  withUtterance,
} from './utterance-steps.ts'

export function begin(state: StateIn['open'], event: Of<'speechStarted'>): Step {
  const { turnId, atSample } = event
  if (state.utterance) return refuse(state, event)
  const utterance = newUtterance(turnId, atSample)
  return { state: { type: 'listening', utterance }, effects: [{ type: 'tellStarted', turnId, atSample }] }
}

export function beginInDoubt(state: StateIn['replying'], event: Of<'speechStarted'>): Step {
  if (state.next) return refuse(state, event)
  return unchanged({ ...state, next: newUtterance(event.turnId, event.atSample) })
}

/** The runner holds speech back until the utterance before it is settled; one too many must not leak a recogniser. */
export const refuse = (state: TurnState, { turnId }: Of<'speechStarted'>): Step => ({
  state,
  effects: [{ type: 'forgetTurn', turnId }],
})

/** Speech of bargeInMs: that is no cough. The reply is held; a word that is known already ends it at once. */
export function hold({ type, reply }: StateIn['replying'], _: Of<'speechInsisted'>, about: Utterance): Step {
  const next = { ...about, isInsistent: true }
  const pause: TurnEffect = { type: 'pauseReply', reply }
  if (!hasWords(next.words))
    return { state: { type: 'paused', reply, wasAudible: type === 'speaking', next }, effects: [pause] }
  const step = takeFloor(reply, next)
  return { state: step.state, effects: [pause, ...step.effects] }
}

/** The soft end: the text so far is asked for, for a reply in advance or for the word that ends a reply. */
export function askText(
  state: TurnState,
  { turnId, pause }: Of<'speechPaused'>,
  about: Utterance,
  { speculation }: ReducerOptions,
): Step {
  const isAsked = speculation && about.speculations < MAX_SPECULATIONS
  return {
    state: withUtterance(state, { ...about, pause }),
    effects: isAsked ? [{ type: 'askSnapshot', turnId, pause }] : [],
  }
}

export const notePause = (state: TurnState, { pause }: Of<'speechPaused'>, about: Utterance): Step =>
  unchanged(withUtterance(state, { ...about, pause }))

export const goOn = (state: TurnState, _: Of<'speechWentOn'>, about: Utterance): Step => ({
  state: withUtterance(state, { ...about, pause: undefined, speculation: undefined }),
  effects: dropSpeculation(about),
})

export function close(_: TurnState, { turnId, atSample, reason }: Of<'speechEnded'>, about: Utterance): Step {
  const closing = closeUtterance(about, { atSample, reason })
  return { state: closing.state, effects: [{ type: 'finishRecognition', turnId }, ...closing.effects] }
}

/** Too short to hold the reply, which goes on until there is a word of it; the caller's commit means it all the same. */
export function closeDoubt(state: StateIn['replying'], event: Of<'speechEnded'>, about: Utterance): Step {
  const { type, reply } = state
  const { turnId, reason } = event
  const next = closed(about, event)
  const finish: TurnEffect = { type: 'finishRecognition', turnId }
  if (reason !== 'commit') return { state: { ...state, next }, effects: [finish] }
  const held = { type: 'paused', reply, wasAudible: type === 'speaking', next } as const
  return { state: held, effects: [{ type: 'pauseReply', reply }, finish] }
}

export const closePause = (state: StateIn['paused'], event: Of<'speechEnded'>, about: Utterance): Step => ({
  state: { ...state, next: closed(about, event) },
  effects: [{ type: 'finishRecognition', turnId: event.turnId }],
})

const closed = (utterance: Utterance, { atSample, reason }: Of<'speechEnded'>) => ({
  ...utterance,
  closed: { atSample, reason, isTold: false },
})

export const clear = (_: TurnState, { atSample }: Of<'speechCleared'>, about: Utterance): Step => ({
  state: { type: 'listening', utterance: undefined },
  effects: forget(about, { atSample, reason: 'cleared' }),
})

export const clearDoubt = (state: StateIn['replying'], _: Of<'speechCleared'>, about: Utterance): Step => ({
  state: { ...state, next: undefined },
  effects: forget(about),
})

export const clearPause = (state: StateIn['paused']): Step => resume(state)
