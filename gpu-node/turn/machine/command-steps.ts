// What the turn's state machine does at a command: text was typed, the reply is to stop, the session ends.
// Pure; called by reduce().
import type { Outcome, Step, TurnEffect, TurnEvent, TurnState } from './turn-state.ts'
import { attendTo, forget, settle, settleUtterance, tellClosed, unchanged } from './utterance-steps.ts'

type Of<T extends TurnEvent['type']> = Extract<TurnEvent, { type: T }>

const BARGE_IN: Outcome = { status: 'interrupted', reason: 'bargeIn' }

/** Typed text takes the floor at once, from a reply and from what is being said. */
export function takeTyped(state: TurnState, { turnId, text, atSample }: Of<'textSent'>): Step {
  const reply = { turnId, attempt: 1 }
  return {
    state: { phase: 'thinking', reply, next: undefined },
    effects: [
      ...giveWay(state, atSample),
      { type: 'takeText', turnId, text },
      { type: 'startReply', reply, text, isSpeculative: false },
      { type: 'releaseReply', reply },
    ],
  }
}

function giveWay(state: TurnState, atSample: number): TurnEffect[] {
  switch (state.phase) {
    case 'listening':
    case 'interrupted': {
      const { utterance } = state
      return utterance ? forget(utterance, { atSample, reason: 'cleared' }) : []
    }
    case 'finishing':
      // It was said to the end: what is known of it stays.
      return [...tellClosed(state.utterance), ...settleUtterance(state.utterance, BARGE_IN)]
    default:
      return [settle(state.reply, BARGE_IN), ...(state.next ? forget(state.next) : [])]
  }
}

export function interruptReply(state: TurnState): Step {
  if (state.phase !== 'thinking' && state.phase !== 'speaking' && state.phase !== 'paused') return unchanged(state)
  const attended = attendTo(state.next, true)
  return { state: attended.state, effects: [settle(state.reply, BARGE_IN), ...attended.effects] }
}

export function endAll(state: TurnState, { status, reason }: Of<'ended'>): Step {
  const outcome: Outcome = { status, reason }
  const effects: TurnEffect[] = []
  if (state.phase === 'thinking' || state.phase === 'speaking' || state.phase === 'paused') {
    effects.push(settle(state.reply, outcome), ...(state.next ? forget(state.next) : []))
  } else if (state.utterance) {
    effects.push(...settleUtterance(state.utterance, outcome))
  }
  return { state: { phase: 'listening', utterance: undefined }, effects }
}
