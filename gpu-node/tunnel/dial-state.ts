// Where a connection that is to be kept stands, and what each event makes of it. Pure: dialler.ts does the effects.
// Both sockets of the tunnel are kept by it: control for ever, data for a bounded time after each loss.
import { unreachable } from '#shared/invariant.ts'
import type { ConnectionEnd } from './refusal.ts'

export type DialState =
  | { type: 'idle' }
  /** `lostAt`: since when there has been no connection. */
  | { type: 'dialling'; lostAt: number }
  | { type: 'open' }
  | { type: 'waiting'; lostAt: number }
  | { type: 'stopped' }

export type DialEvent =
  | { type: 'start' }
  | { type: 'opened' }
  | { type: 'ended'; end: ConnectionEnd; isPermanent: boolean }
  /** The wait before the next dial is over. */
  | { type: 'due' }
  /** The owner wants it no more. */
  | { type: 'stop' }

export type DialEffect =
  | { type: 'dial' }
  /** `leftMs`: until the connection has been away for too long. */
  | { type: 'wait'; retryAfterMs: number | undefined; leftMs: number }
  /** The connection was open and is gone: what it carried must wait. */
  | { type: 'lost'; end: ConnectionEnd }
  /** No further dial: refused for good, or away for too long. Not after the owner's own stop. */
  | { type: 'giveUp'; end: ConnectionEnd }
  /** The socket, or the wait for the next. */
  | { type: 'close' }

export interface DialStep {
  state: DialState
  effects: DialEffect[]
}

/** `giveUpAfterMs`: how long the connection may be away; Infinity to try for ever. */
export function reduceDial(state: DialState, event: DialEvent, rule: { now: number; giveUpAfterMs: number }): DialStep {
  switch (event.type) {
    case 'start':
      return state.type === 'idle'
        ? { state: { type: 'dialling', lostAt: rule.now }, effects: [{ type: 'dial' }] }
        : unchanged(state)
    case 'opened':
      return state.type === 'dialling' ? { state: { type: 'open' }, effects: [] } : unchanged(state)
    case 'ended':
      return ended(state, event, rule)
    case 'due':
      return state.type === 'waiting'
        ? { state: { type: 'dialling', lostAt: state.lostAt }, effects: [{ type: 'dial' }] }
        : unchanged(state)
    case 'stop':
      return stop(state)
    default:
      return unreachable(event)
  }
}

function ended(
  state: DialState,
  { end, isPermanent }: Extract<DialEvent, { type: 'ended' }>,
  rule: { now: number; giveUpAfterMs: number },
): DialStep {
  if (state.type !== 'dialling' && state.type !== 'open') return unchanged(state)
  const lost: DialEffect[] = state.type === 'open' ? [{ type: 'lost', end }] : []
  const lostAt = state.type === 'open' ? rule.now : state.lostAt
  const retryAfterMs = end.retryAfterMs
  const leftMs = rule.giveUpAfterMs - (rule.now - lostAt)
  if (isPermanent || leftMs <= 0 || (retryAfterMs ?? 0) > leftMs)
    return { state: { type: 'stopped' }, effects: [...lost, { type: 'giveUp', end }] }
  return { state: { type: 'waiting', lostAt }, effects: [...lost, { type: 'wait', retryAfterMs, leftMs }] }
}

function stop(state: DialState): DialStep {
  return { state: { type: 'stopped' }, effects: state.type === 'stopped' ? [] : [{ type: 'close' }] }
}

const unchanged = (state: DialState): DialStep => ({ state, effects: [] })
