// When time alone changes a session: pure. Used by session-reduce.ts, which says what happens then, and by session-room.ts, which
// sets its alarm by it.
import { CALLER_GONE_MS, IDLE_SESSION_MS, MAX_SESSION_MS, START_TIMEOUT_MS } from '#shared/protocol/limits.ts'
import { NODE_RETURN_MS, OPENING_MS, PLACING_MS, TOKEN_ENDS_NOTICE_MS, type SessionState } from './session-state.ts'

/** What time alone does, and when. */
export type Due =
  | { why: 'callerGone' | 'nodeLost' | 'idle' | 'maxDuration' | 'farewell' | 'tokenEnds' | 'tokenEnded'; at: number }
  | { why: 'deadline'; stage: string; limitMs: number; at: number }

/** Everything that time alone will do to a session, soonest first. */
export function deadlines(state: SessionState): Due[] {
  const deadline = (stage: string, since: number, limitMs: number): Due => ({
    why: 'deadline',
    stage,
    limitMs,
    at: since + limitMs,
  })
  switch (state.type) {
    case 'awaitingStart':
      return [deadline('session.start', state.since, START_TIMEOUT_MS)]
    case 'opening':
      return [deadline('opening', state.since, OPENING_MS)]
    case 'placing':
      return [deadline('placing', state.since, PLACING_MS)]
    case 'waitingForNode':
    case 'beginning':
      return [{ why: 'nodeLost', at: state.until }]
    case 'live':
      return [
        ...(state.caller.type === 'gone'
          ? [{ why: 'callerGone' as const, at: state.caller.since + CALLER_GONE_MS }]
          : []),
        ...(state.node.type === 'gone' ? [{ why: 'nodeLost' as const, at: state.node.since + NODE_RETURN_MS }] : []),
        ...tokenEnd(state),
        { why: 'idle' as const, at: state.spokeAt + IDLE_SESSION_MS },
        {
          why: 'maxDuration' as const,
          at: state.since + (state.session.persona.limits?.maxSessionMs ?? MAX_SESSION_MS),
        },
      ].toSorted((a, b) => a.at - b.at)
    case 'ending':
      return [{ why: 'farewell', at: state.until }]
    default:
      return []
  }
}

function tokenEnd({
  session: { tokenEndsAt: at },
  isEndTold,
  leaving,
}: Extract<SessionState, { type: 'live' }>): Due[] {
  if (at === undefined || leaving) return []
  return [isEndTold ? { why: 'tokenEnded', at } : { why: 'tokenEnds', at: at - TOKEN_ENDS_NOTICE_MS }]
}
