// Where one session on this node stands, and what each event makes of it. Pure: node-session.ts does the effects.
import { unreachable } from '#shared/invariant.ts'
import type { EndReason } from '#shared/protocol/session-messages.ts'

/** Between accepting an offer and session.begin: the edge has the caller waiting, so it is quick or it is not coming. */
export const BEGIN_TIMEOUT_MS = 10_000
/** For the turns of a session to end; over it something hangs, and the slot is freed all the same. */
export const TURNS_END_TIMEOUT_MS = 3_000
/** For the caller to acknowledge the last messages: about one reconnect of a phone. */
export const DELIVERY_TIMEOUT_MS = 2_000

export type SessionState =
  /** The slot is reserved and the data socket dialled. */
  | { type: 'joining' }
  | { type: 'live' }
  /** What is being said is finished. `canDeliver`: whether anybody is there to take the last messages. */
  | { type: 'ending'; canDeliver: boolean }
  | { type: 'delivering' }
  | { type: 'over' }

export type SessionEvent =
  | { type: 'begun' }
  | { type: 'end'; reason: EndReason }
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
      return event.type === 'delivered' || event.type === 'timedOut' || event.type === 'gone'
        ? over()
        : { state, effects: [] }
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
      return { state: { type: 'ending', canDeliver: true }, effects: [{ type: 'endTurns', reason: event.reason }] }
    case 'gone':
      return { state: { type: 'ending', canDeliver: false }, effects: [{ type: 'endTurns', reason: 'nodeLost' }] }
    case 'failed':
      return {
        state: { type: 'ending', canDeliver: false },
        effects: [
          { type: 'sayFailed', code: event.code },
          { type: 'endTurns', reason: 'fault' },
        ],
      }
    default:
      return { state, effects: [] }
  }
}

function ending(state: Extract<SessionState, { type: 'ending' }>, event: SessionEvent): SessionStep {
  switch (event.type) {
    case 'turnsEnded':
    case 'timedOut':
      return state.canDeliver ? { state: { type: 'delivering' }, effects: [{ type: 'deliver' }] } : over()
    case 'gone':
    case 'failed':
      return { state: { type: 'ending', canDeliver: false }, effects: [] }
    default:
      return { state, effects: [] }
  }
}

function over(...before: SessionEffect[]): SessionStep {
  return { state: { type: 'over' }, effects: [...before, { type: 'release' }] }
}
