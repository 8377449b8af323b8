// What each event makes of a session on this node. Pure; node-session.ts performs the effects.
import { unreachable } from '#shared/invariant.ts'
import type { EndReason } from '#shared/protocol/session-messages.ts'
import type { Parting, SessionEvent, SessionEffect, SessionState, SessionStep } from './session-state.ts'

export function reduceSession(state: SessionState, event: SessionEvent): SessionStep {
  switch (state.type) {
    case 'joining':
      return joining(state, event)
    case 'live':
      return live(state, event)
    case 'ending':
      return ending(state, event)
    case 'delivering':
      return delivering(state, event)
    case 'over':
      // The first time a bug may have left something of it undone; doing it twice does no harm.
      return event.type === 'broke' ? over() : { state, effects: [] }
    default:
      return unreachable(state)
  }
}

function joining(state: SessionState, event: SessionEvent): SessionStep {
  switch (event.type) {
    case 'begun':
      return { state: { type: 'live' }, effects: [{ type: 'startTurns' }] }
    case 'failed':
      return over({ type: 'sayFailed', code: event.code })
    case 'broke':
      return over({ type: 'sayFailed', code: 'internal' })
    case 'leave':
      return over({ type: 'sayFailed', code: 'shutdown' })
    case 'end':
    case 'gone':
    case 'timedOut':
      return over()
    default:
      return { state, effects: [] }
  }
}

function live(state: SessionState, event: SessionEvent): SessionStep {
  switch (event.type) {
    case 'end':
      return endTurns(event.reason, { canDeliver: true })
    case 'leave':
      return endTurns('shutdown', { canDeliver: true, parting: 'shutdown' })
    case 'gone':
      return endTurns('nodeLost', { canDeliver: false })
    case 'failed':
      return giveUp(event.code)
    case 'broke':
      return giveUp('internal')
    default:
      return { state, effects: [] }
  }
}

function giveUp(code: string): SessionStep {
  const { state, effects } = endTurns('fault', { canDeliver: false })
  return { state, effects: [{ type: 'sayFailed', code }, ...effects] }
}

function endTurns(reason: EndReason, facts: { canDeliver: boolean; parting?: Parting }): SessionStep {
  const { canDeliver, parting } = facts
  return { state: { type: 'ending', canDeliver, parting }, effects: [{ type: 'endTurns', reason }] }
}

function ending(state: Extract<SessionState, { type: 'ending' }>, event: SessionEvent): SessionStep {
  switch (event.type) {
    case 'turnsEnded':
    case 'timedOut':
      return state.canDeliver
        ? { state: { type: 'delivering', parting: state.parting }, effects: [{ type: 'deliver' }] }
        : over()
    case 'gone':
    case 'failed':
      return { state: { ...state, canDeliver: false }, effects: [] }
    case 'broke':
      return over({ type: 'sayFailed', code: 'internal' })
    default:
      return { state, effects: [] }
  }
}

function delivering(state: Extract<SessionState, { type: 'delivering' }>, event: SessionEvent): SessionStep {
  switch (event.type) {
    case 'delivered':
    case 'timedOut':
      return state.parting ? over({ type: 'sayFailed', code: state.parting }) : over()
    case 'gone':
      return over()
    case 'broke':
      return over({ type: 'sayFailed', code: 'internal' })
    default:
      return { state, effects: [] }
  }
}

function over(...before: SessionEffect[]): SessionStep {
  return { state: { type: 'over' }, effects: [...before, { type: 'closeLink' }, { type: 'freeSlot' }] }
}
