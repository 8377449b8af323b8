// The types of the caller's connection: dial, start or resume, live, wait, end; and what of them an application is told.
// client-reduce.ts has the transitions. Knows no socket and no audio.
import type { FaultCode } from '#shared/fault.ts'
import type { ConversationId, SessionId } from '#shared/ids.ts'
import type { EndReason } from '#shared/protocol/session-messages.ts'
import type { ChatClientState } from './client-options.ts'

/** A session that the edge has confirmed: it can be resumed. */
export interface KnownSession {
  sessionId: SessionId
  conversationId: ConversationId
  resumeToken: string
}
export interface LostSession extends KnownSession {
  lostAt: number
  tries: number
}

/** What the next dial is for. */
export interface Attempt {
  /** The session to resume; without it one is started. */
  lost: LostSession | undefined
  /** A session that could not be resumed; resumed after all where starting shows that it was the network, or it lives on. */
  former: LostSession | undefined
  /** The conversation to go on with. */
  conversationId: ConversationId | undefined
  /** Until then a conversation that is in use is asked for again: its other session may be a page that was left. */
  patientUntil: number
}

export type ClientState =
  /** A socket is being opened. */
  | ({ type: 'dialling' } & Attempt)
  /** The socket is open; session.ready or session.resumed is awaited. */
  | ({ type: 'greeting' } & Attempt)
  | { type: 'live'; session: KnownSession }
  | ({ type: 'waiting' } & Attempt)
  | { type: 'ended'; reason: EndReason | FaultCode }

export type ClientEvent =
  | { type: 'opened' }
  | { type: 'ready'; session: KnownSession }
  | { type: 'resumed'; resumeToken: string }
  /** The edge told a fault of this leg; the socket is still there. */
  | { type: 'faulted'; code: FaultCode }
  | { type: 'closed'; code: number; retryAfterMs?: number }
  | { type: 'due' }
  | { type: 'ended'; reason: EndReason | FaultCode }
  /** A bug, of ours or of the application. */
  | { type: 'broke' }

export type ClientEffect =
  | { type: 'dial' }
  | { type: 'greet' }
  /** Wait, then send the event `due`. */
  | { type: 'wait'; retryAfterMs: number }
  | { type: 'hangUp' }
  /** The client has ended: nothing of it runs on, and whoever waits for the goodbye waits no more. */
  | { type: 'finish' }

export interface ClientStep {
  state: ClientState
  effects: ClientEffect[]
}

export function knownIds(state: ClientState): Partial<Pick<KnownSession, 'sessionId' | 'conversationId'>> {
  if (state.type === 'ended') return {}
  if (state.type === 'live') return state.session
  return { sessionId: state.lost?.sessionId, conversationId: state.conversationId }
}

/** What an application is told of the state. */
export function shownState(state: ClientState, wasReady: boolean): ChatClientState {
  if (state.type === 'ended') return 'ended'
  if (state.type === 'live') return 'ready'
  return wasReady ? 'reconnecting' : 'connecting'
}

/** Before the first dial. */
export function firstAttempt(conversationId: ConversationId | undefined, patientUntil: number): ClientState {
  return { type: 'dialling', lost: undefined, former: undefined, conversationId, patientUntil }
}
