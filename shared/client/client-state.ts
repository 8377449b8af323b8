// The state of the caller's connection, pure: dial, start or resume, live, wait, end. chat-client.ts does the effects.
// It knows no socket and no audio.
import { FAULT_TABLE } from '#shared/fault-table.ts'
import type { FaultCode } from '#shared/fault.ts'
import type { ConversationId, SessionId } from '#shared/ids.ts'
import { unreachable } from '#shared/invariant.ts'
import { CLOSE_REPLACED } from '#shared/protocol/close-codes.ts'
import { RESUME_VALID_MS } from '#shared/protocol/limits.ts'
import type { EndReason } from '#shared/protocol/session-messages.ts'

/** A browser sees a refused resume only as close code 1006, so after this many tries the session counts as lost. */
export const MAX_RESUME_TRIES = 3

/** A session that the edge has confirmed: it can be resumed. */
export interface KnownSession {
  sessionId: SessionId
  conversationId: ConversationId
  resumeToken: string
}
interface LostSession extends KnownSession {
  lostAt: number
  tries: number
}

export type ClientState =
  /** A socket is being opened; with `lost` to resume, without to start. */
  | { type: 'dialling'; lost: LostSession | undefined; conversationId: ConversationId | undefined }
  /** The socket is open; session.ready or session.resumed is awaited. */
  | { type: 'greeting'; lost: LostSession | undefined; conversationId: ConversationId | undefined }
  | { type: 'live'; session: KnownSession }
  | { type: 'waiting'; lost: LostSession | undefined; conversationId: ConversationId | undefined }
  | { type: 'ended'; reason: EndReason | FaultCode }

export type ClientEvent =
  | { type: 'opened' }
  | { type: 'ready'; session: KnownSession }
  | { type: 'resumed'; resumeToken: string }
  | { type: 'closed'; code: number; retryAfterMs?: number }
  | { type: 'due' }
  | { type: 'ended'; reason: EndReason | FaultCode }

export type ClientEffect =
  | { type: 'dial' }
  | { type: 'greet' }
  /** Wait, then send the event `due`. */
  | { type: 'wait'; retryAfterMs: number }
  | { type: 'hangUp' }

interface Step {
  state: ClientState
  effects: ClientEffect[]
}

export function reduceClient(state: ClientState, event: ClientEvent, now: number): Step {
  if (state.type === 'ended') return { state, effects: [] }
  switch (event.type) {
    case 'opened':
      return state.type === 'dialling'
        ? { state: { ...state, type: 'greeting' }, effects: [{ type: 'greet' }] }
        : stay(state)
    case 'ready':
      return { state: { type: 'live', session: event.session }, effects: [] }
    case 'resumed':
      return resumed(state, event.resumeToken)
    case 'closed':
      return closed(state, event, now)
    case 'due':
      return state.type === 'waiting'
        ? { state: { ...state, type: 'dialling' }, effects: [{ type: 'dial' }] }
        : stay(state)
    case 'ended':
      return { state: { type: 'ended', reason: event.reason }, effects: [{ type: 'hangUp' }] }
    default:
      return unreachable(event)
  }
}

const stay = (state: ClientState): Step => ({ state, effects: [] })

function resumed(state: ClientState, resumeToken: string): Step {
  if (state.type !== 'greeting' || state.lost === undefined) return stay(state)
  const { sessionId, conversationId } = state.lost
  return { state: { type: 'live', session: { sessionId, conversationId, resumeToken } }, effects: [] }
}

function closed(state: ClientState, event: { code: number; retryAfterMs?: number }, now: number): Step {
  if (state.type === 'ended' || state.type === 'waiting') return stay(state)
  const wait: ClientEffect = { type: 'wait', retryAfterMs: event.retryAfterMs ?? 0 }
  if (event.code === CLOSE_REPLACED) return { state: { type: 'ended', reason: 'replaced' }, effects: [] }
  const permanent = permanentFault(event.code)
  if (state.type === 'live') {
    if (permanent !== undefined) return { state: { type: 'ended', reason: permanent }, effects: [] }
    const { session } = state
    return {
      state: { type: 'waiting', lost: { ...session, lostAt: now, tries: 0 }, conversationId: session.conversationId },
      effects: [wait],
    }
  }
  const { lost, conversationId } = state
  if (lost === undefined) {
    if (permanent !== undefined) return { state: { type: 'ended', reason: permanent }, effects: [] }
    return { state: { type: 'waiting', lost, conversationId }, effects: [wait] }
  }
  const tries = lost.tries + 1
  const isGone = permanent !== undefined || tries >= MAX_RESUME_TRIES || now - lost.lostAt > RESUME_VALID_MS
  // The conversation outlives the session: a new one goes on with it.
  return { state: { type: 'waiting', lost: isGone ? undefined : { ...lost, tries }, conversationId }, effects: [wait] }
}

/** The fault behind a close code, where dialling again cannot help. */
function permanentFault(code: number): FaultCode | undefined {
  const hopeless: FaultCode[] = [
    'invalid_message',
    'unauthenticated',
    'forbidden',
    'not_found',
    'conflict',
    'unsupported_version',
    'blocked',
  ]
  return hopeless.find((fault) => FAULT_TABLE[fault].close === code)
}
