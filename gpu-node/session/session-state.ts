// The types of one session on this node: where it stands, what may happen to it, what is then to be done; and how long each
// state may last. session-reduce.ts has the transitions.
import type { EndReason } from '#shared/protocol/session-messages.ts'

/** Between accepting an offer and session.begin: the edge has the caller waiting, so it is quick or it is not coming. */
export const BEGIN_TIMEOUT_MS = 10_000
/** For the turns of a session to end; over it something hangs, and the slot is freed all the same. */
export const TURNS_END_TIMEOUT_MS = 3_000
/** For the caller to acknowledge the last messages: about one reconnect of a phone. */
export const DELIVERY_TIMEOUT_MS = 2_000

/** What the edge must be told at the end: nothing when it was the edge that ended the session. */
export type Parting = 'shutdown' | undefined

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
  /** The node gives the session up: the link is full, or the edge began another session. */
  | { type: 'failed'; code: string }
  /** A bug of ours. Where the end was being made already, it is cut short. */
  | { type: 'broke' }
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
  | { type: 'closeLink' }
  | { type: 'freeSlot' }

export interface SessionStep {
  state: SessionState
  effects: SessionEffect[]
}
