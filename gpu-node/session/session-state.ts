// Where one session on this node stands, and what each event makes of it. Pure: node-session.ts does the effects.
import { unreachable } from '#shared/invariant.ts'
import type { EndReason } from '#shared/protocol/session-messages.ts'

/** Between accepting an offer and session.begin: the edge has the caller waiting, so it is quick or it is not coming. */
export const BEGIN_TIMEOUT_MS = 10_000
/** For the turns of a session to end; over it something hangs, and the slot is freed all the same. */
export const TURNS_END_TIMEOUT_MS = 3_000
/** For the caller to acknowledge the last messages: about one reconnect of a phone. */
export const DELIVERY_TIMEOUT_MS = 2_000

/** What the edge must be told at the end: nothing when it was the edge that ended the session. */
type Parting = 'shutdown' | undefined

export type SessionState =
  /** The slot is reserved and the data socket dialled. */
  | { type: 'joining' }
  | { type: 'live' }
  /** What is being said is finished. `canDeliver`: whether anybody is there to take the last messages. */
  | { type: 'ending'; canDeliver: boolean; parting: Parting }
  | { type: 'delivering'; parting: Parting }
  | { type: 'over' }

export type SessionEvent =
  | { type: 'begun' }
  | { type: 'end'; reason: EndReason }
  /** This node shuts down. */
  | { type: 'leave' }
  /** A bug, or a link that is full: the node gives the session up. */
  | { type: 'failed'; code: string }
  /** The data socket will not come back. */
  | { type: 'gone' }
  | { type: 'turnsEnded' }
  | { type: 'delivered' }
  | { type: 'timedOut' }

export type SessionEffect =
  | { type: 'startTurns' }
  | { type: 'endTurns'; reason: EndReason }
  | { type: 'sayFailed'; code: string }
  | { type: 'deliver' }
  /** Closes the socket and frees the slot. */
  | { type: 'release' }

export interface SessionStep {
  state: SessionState
  effects: SessionEffect[]
}

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
      return { state, effects: [] }
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
    case 'failed': {
      const { state: after, effects } = endTurns('fault', { canDeliver: false })
      return { state: after, effects: [{ type: 'sayFailed', code: event.code }, ...effects] }
    }
    default:
      return { state, effects: [] }
  }
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
    default:
      return { state, effects: [] }
  }
}

function over(...before: SessionEffect[]): SessionStep {
  return { state: { type: 'over' }, effects: [...before, { type: 'release' }] }
}
