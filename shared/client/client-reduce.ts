// What each event makes of the caller's connection. Pure; chat-client.ts performs the effects.
import { FAULT_TABLE } from '#shared/fault-table.ts'
import type { FaultCode } from '#shared/fault.ts'
import type { ConversationId } from '#shared/ids.ts'
import { unreachable } from '#shared/invariant.ts'
import { CLOSE_REPLACED } from '#shared/protocol/close-codes.ts'
import { RESUME_VALID_MS } from '#shared/protocol/limits.ts'
import type { EndReason } from '#shared/protocol/session-messages.ts'
import {
  knownIds,
  type Attempt,
  type ClientEvent,
  type ClientState,
  type ClientStep,
  type LostSession,
} from './client-state.ts'

/** A browser sees a refused resume only as close code 1006: after so many of them a new session is tried. */
export const MAX_RESUME_TRIES = 3

/** RFC 6455 §7.4.1: a message was too big to be taken; sent again it would be as big. */
const CLOSE_TOO_BIG = 1009

export function reduceClient(state: ClientState, event: ClientEvent, now: number): ClientStep {
  if (event.type === 'broke') return broke(state)
  if (state.type === 'ended') return stay(state)
  switch (event.type) {
    case 'opened':
      return state.type === 'dialling'
        ? { state: { ...state, type: 'greeting' }, effects: [{ type: 'greet' }] }
        : stay(state)
    case 'ready':
      return { state: { type: 'live', session: event.session }, effects: [] }
    case 'resumed':
      return resumed(state, event.resumeToken)
    case 'faulted':
      return isRefusedStart(state, event.code) ? hangUp(event.code) : stay(state)
    case 'closed':
      return closed(state, event, now)
    case 'due':
      return state.type === 'waiting'
        ? { state: { ...state, type: 'dialling' }, effects: [{ type: 'dial' }] }
        : stay(state)
    case 'ended':
      return over(state, event.reason)
    default:
      return unreachable(event)
  }
}

const stay = (state: ClientState): ClientStep => ({ state, effects: [] })
const hangUp = (reason: EndReason | FaultCode): ClientStep => ({
  state: { type: 'ended', reason },
  effects: [{ type: 'hangUp' }, { type: 'finish' }],
})

/** An end that a bug cut short is made once more; what was done of it is done twice, which does no harm. */
const broke = (state: ClientState): ClientStep => hangUp(state.type === 'ended' ? state.reason : 'internal')

/** Neither side wanted the end: edge or node stopped, and another one takes the conversation. */
const GOES_ON = new Set<EndReason | FaultCode>(['shutdown', 'nodeLost'])

function over(state: ClientState, reason: EndReason | FaultCode): ClientStep {
  if ((state.type !== 'live' && state.type !== 'greeting') || !GOES_ON.has(reason)) return hangUp(reason)
  const { conversationId } = knownIds(state)
  const patientUntil = state.type === 'greeting' ? state.patientUntil : 0
  return {
    state: { type: 'waiting', lost: undefined, former: undefined, conversationId, patientUntil },
    effects: [{ type: 'hangUp' }, { type: 'wait', retryAfterMs: 0 }],
  }
}

/**
 * The edge could not read session.start and waits for another one, which would be the same; or a quota is used up, and nobody
 * waits with the receiver in his hand until midnight.
 */
const REFUSED_START = new Set<FaultCode>(['invalid_message', 'too_large', 'quota_exhausted'])
function isRefusedStart(state: ClientState, code: FaultCode): boolean {
  return state.type === 'greeting' && state.lost === undefined && REFUSED_START.has(code)
}

function resumed(state: ClientState, resumeToken: string): ClientStep {
  if (state.type !== 'greeting' || state.lost === undefined) return stay(state)
  const { sessionId, conversationId } = state.lost
  return { state: { type: 'live', session: { sessionId, conversationId, resumeToken } }, effects: [] }
}

function closed(state: ClientState, event: { code: number; retryAfterMs?: number }, now: number): ClientStep {
  if (state.type === 'ended' || state.type === 'waiting') return stay(state)
  if (event.code === CLOSE_REPLACED) return ended('replaced')
  const permanent = permanentFault(event.code)
  const next = nextAttempt(state, permanent, now)
  if (next === undefined) return ended(permanent ?? 'unavailable')
  return { state: { type: 'waiting', ...next }, effects: [{ type: 'wait', retryAfterMs: event.retryAfterMs ?? 0 }] }
}

const ended = (reason: EndReason | FaultCode): ClientStep => ({
  state: { type: 'ended', reason },
  effects: [{ type: 'finish' }],
})

type Connecting = Extract<ClientState, { type: 'live' | 'dialling' | 'greeting' }>

/** What to dial for after a close; undefined where dialling again cannot help. */
function nextAttempt(state: Connecting, permanent: FaultCode | undefined, now: number): Attempt | undefined {
  if (state.type === 'live') {
    if (permanent !== undefined) return undefined
    const lost = { ...state.session, lostAt: now, tries: 0 }
    return { lost, former: undefined, conversationId: lost.conversationId, patientUntil: 0 }
  }
  const { lost, former, conversationId, patientUntil } = state
  if (lost !== undefined) return afterFailedResume(lost, { conversationId, permanent, now })
  const mayResume = former !== undefined && now - former.lostAt <= RESUME_VALID_MS
  // Either the edge cannot be reached at all, or it says that the session lives on: it is not lost.
  if (mayResume && (state.type === 'dialling' ? permanent === undefined : permanent === 'conflict'))
    return { lost: { ...former, tries: 0 }, former: undefined, conversationId, patientUntil }
  if (permanent !== undefined && !(permanent === 'conflict' && now < patientUntil)) return undefined
  return { lost, former: undefined, conversationId, patientUntil }
}

/** The conversation outlives the session: a new one goes on with it. */
function afterFailedResume(
  lost: LostSession,
  {
    conversationId,
    permanent,
    now,
  }: { conversationId: ConversationId | undefined; permanent: FaultCode | undefined; now: number },
): Attempt {
  const isOver = permanent !== undefined || now - lost.lostAt > RESUME_VALID_MS
  const tries = lost.tries + 1
  if (!isOver && tries < MAX_RESUME_TRIES)
    return { lost: { ...lost, tries }, former: undefined, conversationId, patientUntil: 0 }
  return { lost: undefined, former: isOver ? undefined : lost, conversationId, patientUntil: 0 }
}

/** The fault behind a close code, where dialling again cannot help. */
function permanentFault(code: number): FaultCode | undefined {
  const hopeless: FaultCode[] = [
    'invalid_message',
    'unauthenticated',
    'forbidden',
    'not_found',
    'conflict',
    'too_large',
    'unsupported_version',
    'blocked',
  ]
  if (code === CLOSE_TOO_BIG) return 'too_large'
  return hopeless.find((fault) => FAULT_TABLE[fault].close === code)
}
