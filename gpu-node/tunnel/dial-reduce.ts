// What each event makes of a connection that is to be kept. Pure; dialler.ts performs the effects.
import { unreachable } from '#shared/invariant.ts'
import type { DialEffect, DialEvent, DialRule, DialState, DialStep } from './dial-state.ts'
import type { ConnectionEnd } from './refusal.ts'

export function reduceDial(state: DialState, event: DialEvent, rule: DialRule): DialStep {
  switch (event.type) {
    case 'start':
      return state.type === 'idle'
        ? { state: { type: 'dialling', lostAt: rule.now }, effects: [{ type: 'dial' }] }
        : unchanged(state)
    case 'opened':
      return state.type === 'dialling' ? { state: { type: 'open' }, effects: [{ type: 'serve' }] } : unchanged(state)
    case 'ended':
      return ended(state, event, rule)
    case 'broke':
      return broke(state, event, rule)
    case 'due':
      return state.type === 'waiting'
        ? { state: { type: 'dialling', lostAt: state.lostAt }, effects: [{ type: 'dial' }] }
        : unchanged(state)
    case 'stop':
      return state.type === 'stopped' ? unchanged(state) : { state: { type: 'stopped' }, effects: [{ type: 'close' }] }
    default:
      return unreachable(event)
  }
}

interface End {
  end: ConnectionEnd
  isPermanent: boolean
}

function ended(state: DialState, { end, isPermanent }: End, rule: DialRule): DialStep {
  if (state.type !== 'dialling' && state.type !== 'open') return unchanged(state)
  const lost: DialEffect[] = state.type === 'open' ? [{ type: 'lost', end }] : []
  const lostAt = state.type === 'open' ? rule.now : state.lostAt
  const leftMs = leftOf(lostAt, rule)
  const { retryAfterMs } = end
  if (isPermanent || leftMs <= 0 || (retryAfterMs ?? 0) > leftMs)
    return { state: { type: 'stopped', gaveUp: end }, effects: [...lost, { type: 'giveUp', end }] }
  return { state: { type: 'waiting', lostAt }, effects: [...lost, { type: 'wait', retryAfterMs, leftMs }] }
}

/** What was under way is done again where a bug may have left it undone: a wait without a timer would last for ever. */
function broke(state: DialState, event: End, rule: DialRule): DialStep {
  switch (state.type) {
    case 'idle':
      return unchanged(state)
    case 'dialling':
    case 'open': {
      const step = ended(state, event, rule)
      return { state: step.state, effects: [{ type: 'cut' }, ...step.effects] }
    }
    case 'waiting': {
      const leftMs = Math.max(0, leftOf(state.lostAt, rule))
      return { state, effects: [{ type: 'wait', retryAfterMs: undefined, leftMs }] }
    }
    case 'stopped':
      return {
        state,
        effects: [{ type: 'close' }, ...(state.gaveUp ? [{ type: 'giveUp' as const, end: state.gaveUp }] : [])],
      }
    default:
      return unreachable(state)
  }
}

const leftOf = (lostAt: number, { now, giveUpAfterMs }: DialRule): number => giveUpAfterMs - (now - lostAt)

const unchanged = (state: DialState): DialStep => ({ state, effects: [] })
