// The transitions of a session: (state, event, now) → state and effects. Pure; called by session-room.ts only.
// An event that means nothing in a state changes nothing: sockets, store and fleet answer when they please.
import type { QuotaStanding } from '#edge/store/quotas.ts'
import type { Fault } from '#shared/fault.ts'
import type { TurnId } from '#shared/ids.ts'
import type { Quota } from '#shared/model/quota.ts'
import type { EndReason } from '#shared/protocol/session-messages.ts'
import type { OpenedSession, Placed, SessionEffect, SessionEvent, SessionState, Transition } from './session-state.ts'
import { BEGIN_WITHIN_MS, deadlines, DIAL_WITHIN_MS, FAREWELL_MS } from './session-state.ts'

type Of<K extends SessionEvent['type']> = Extract<SessionEvent, { type: K }>
type Step<K extends SessionEvent['type']> = (state: SessionState, event: Of<K>, now: number) => Transition

/** Re-placement raises it; the first placement has 1. */
const FIRST_EPOCH = 1
const HERE = { is: 'here' } as const

const stay = (state: SessionState): Transition => ({ state, effects: [] })
const to = (state: SessionState, ...effects: SessionEffect[]): Transition => ({ state, effects })

const STEPS: { [K in SessionEvent['type']]: Step<K> } = {
  started: (state, { start }, now) =>
    state.is === 'awaitingStart' ? to({ is: 'opening', since: now }, { type: 'open', start }) : stay(state),
  opened: (state, { session }) => {
    if (state.is === 'abandoned') return over(state.reason, { session, wasPlaced: false })
    if (state.is !== 'opening') return stay(state)
    const { engines } = session.persona
    return to({ is: 'placing', session, epoch: FIRST_EPOCH }, { type: 'place', epoch: FIRST_EPOCH, engines })
  },
  openFailed: (state, { fault }) => {
    if (state.is === 'abandoned') return over(state.reason, {})
    return state.is === 'opening' ? over('fault', { fault }) : stay(state)
  },
  placed: (state, { at }, now) =>
    state.is === 'placing' && at.epoch === state.epoch
      ? to(
          { is: 'waitingForNode', session: state.session, at, until: now + DIAL_WITHIN_MS },
          { type: 'recordPlacement', at },
        )
      : stay(state),
  placeFailed: (state, { fault }) => {
    if (state.is !== 'placing') return stay(state)
    return over('fault', { session: state.session, fault, wasPlaced: false })
  },
  callerResumed: (state, { received }) =>
    state.is === 'live' ? to({ ...state, caller: HERE }, { type: 'resumeCaller', received }) : stay(state),
  callerLost: (state, _event, now) => {
    if (state.is !== 'live') return end(state, 'callerGone', now)
    return state.caller.is === 'here' ? to({ ...state, caller: { is: 'gone', since: now } }) : stay(state)
  },
  callerEnds: (state, _event, now) => end(state, 'caller', now),
  nodeDialled: (state, _event, now) => {
    if (state.is !== 'waitingForNode') return stay(state)
    const { session, at } = state
    return to({ is: 'beginning', session, at, until: now + BEGIN_WITHIN_MS }, { type: 'begin', session, at })
  },
  nodeResumed: (state, { received }) =>
    state.is === 'live' ? to({ ...state, node: HERE }, { type: 'resumeNode', received }) : stay(state),
  begun: (state, { engines }, now) => {
    if (state.is !== 'beginning') return stay(state)
    const { session, at } = state
    const live = { is: 'live' as const, session, at, since: now, spokeAt: now, caller: HERE, node: HERE }
    const { near } = session
    return to(
      { ...live, open: [], toldNear: near, leaving: undefined },
      { type: 'ready', session, engines },
      ...near.map(tellNear),
    )
  },
  nodeFailed: (state, { fault }) =>
    state.is === 'beginning' || state.is === 'live' ? over('fault', { session: state.session, fault }) : stay(state),
  nodeLeaves: (state) =>
    state.is === 'beginning' || state.is === 'live' ? over('shutdown', { session: state.session }) : stay(state),
  nodeSocketLost: (state, { isClean }, now) => {
    if (state.is === 'beginning') return nodeLost(state)
    if (state.is === 'ending') return finish(state, !isClean)
    if (state.is !== 'live' || state.node.is === 'gone') return stay(state)
    return to({ ...state, node: { is: 'gone', since: now } })
  },
  nodeGone: (state, { nodeId }) => {
    if (!('at' in state) || state.at.nodeId !== nodeId) return stay(state)
    // While the data socket lives, so does the node, whatever became of its control socket.
    const isConnected = state.is === 'beginning' || (state.is === 'live' && state.node.is === 'here')
    return isConnected ? stay(state) : nodeLost(state)
  },
  corrected: (state, { turnId, text }) => {
    if (state.is !== 'live' && state.is !== 'ending') return stay(state)
    const { session } = state
    const isEarlier = session.turns.some(({ id }) => id === turnId)
    return isEarlier ? to(state, { type: 'recordCorrection', session, turnId, text }) : stay(state)
  },
  spoke: (state, { open }, now) => {
    if (state.is !== 'live') return stay(state)
    const { leaving } = state
    if (leaving && !isOpen(leaving.after, open)) return end(state, 'fault', now, leaving.fault)
    return to({ ...state, spokeAt: now, open })
  },
  metered: (state, { standing }, now) => (state.is === 'live' ? metered(state, standing, now) : stay(state)),
  overflowed: (state, { fault }, now) => end(state, 'fault', now, fault),
  keyEnded: (state, _event, now) => end(state, 'fault', now, { code: 'unauthenticated' }),
  shutdown: (state, _event, now) => end(state, 'shutdown', now),
  woke: (state, _event, now) => {
    const gone = { is: 'gone' as const, since: now }
    if (state.is === 'live') return to({ ...state, caller: gone, node: gone })
    if (state.is === 'ending') return finish(state, true)
    return forgotten()
  },
  broke: (state) => {
    if (state.is === 'opening') return abandon('fault', INTERNAL)
    // Its caller is gone already; the store has yet to say what it opened.
    if (state.is === 'abandoned') return stay(state)
    return over('fault', { ...('session' in state ? { session: state.session } : {}), fault: INTERNAL })
  },
  alarm,
}

const INTERNAL: Fault = { code: 'internal' }

/** What happens to a session in a state. An ended session stays ended. */
export function reduce(state: SessionState, event: SessionEvent, now: number): Transition {
  if (state.is === 'ended') return stay(state)
  // The table's key is the event's own type: TypeScript cannot see that the two unions move together.
  const step = STEPS[event.type] as (state: SessionState, event: SessionEvent, now: number) => Transition
  return step(state, event, now)
}

const tellNear = (quota: Quota): SessionEffect => ({ type: 'tellLimit', quota, percent: 80 })

type Live = Extract<SessionState, { is: 'live' }>

const isOpen = (turns: readonly TurnId[], open: readonly TurnId[]): boolean => turns.some((turn) => open.includes(turn))

/** What is being said is finished first. A room that forgot what it told tells it again, and a caller may hear it twice. */
function metered(state: Live, { near, exhausted }: QuotaStanding, now: number): Transition {
  if (state.leaving) return stay(state)
  const news = near.filter((quota) => quota !== exhausted?.quota && !state.toldNear.includes(quota))
  const told = news.map(tellNear)
  const next = { ...state, toldNear: [...state.toldNear, ...news] }
  if (!exhausted) return news.length > 0 ? to(next, ...told) : stay(state)
  told.push({ type: 'tellLimit', quota: exhausted.quota, percent: 100 })
  if (state.open.length > 0) return to({ ...next, leaving: { fault: exhausted, after: state.open } }, ...told)
  const ended = end(next, 'fault', now, exhausted)
  return to(ended.state, ...told, ...ended.effects)
}

function alarm(state: SessionState, _event: Of<'alarm'>, now: number): Transition {
  const due = deadlines(state).find(({ at }) => at <= now)
  switch (due?.why) {
    case undefined:
      return stay(state)
    case 'deadline':
      return end(state, 'fault', now, { code: 'deadline_exceeded', stage: due.stage, limitMs: due.limitMs })
    case 'nodeLost':
      return 'at' in state ? nodeLost(state) : stay(state)
    case 'farewell':
      return state.is === 'ending' ? finish(state, true) : stay(state)
    default:
      return end(state, due?.why ?? 'fault', now)
  }
}

/** The way out: by a farewell where a node listens, at once everywhere else. */
function end(state: SessionState, reason: EndReason, now: number, fault?: Fault): Transition {
  const told: SessionEffect[] = fault ? [{ type: 'tellCaller', fault }] : []
  switch (state.is) {
    case 'awaitingStart':
      return over(reason, { fault })
    case 'opening':
      return abandon(reason, fault)
    case 'placing':
    case 'waitingForNode':
      return over(reason, { session: state.session, fault })
    case 'beginning':
    case 'live': {
      if (state.is === 'live' && state.node.is === 'gone') return over(reason, { session: state.session, fault })
      const ending = { is: 'ending' as const, session: state.session, reason, until: now + FAREWELL_MS, fault }
      return to(ending, ...told, { type: 'tellNode', reason })
    }
    default:
      return stay(state)
  }
}

/** The store still answers one day, and what it opened must then be ended; the caller does not wait for that. */
function abandon(reason: EndReason, fault: Fault | undefined): Transition {
  const effects: SessionEffect[] = fault
    ? [
        { type: 'tellCaller', fault },
        { type: 'hangUp', fault },
      ]
    : []
  return to({ is: 'abandoned', reason }, ...effects)
}

/** Nobody can come back to a session that was not live yet. What store and fleet did for it meanwhile is undone unseen. */
function forgotten(): Transition {
  const reason = 'shutdown'
  return to(
    { is: 'ended', reason },
    { type: 'release', reason },
    { type: 'recordEnd', reason },
    { type: 'leave', reason, saysEnded: false, fault: undefined },
  )
}

function nodeLost(state: { session: OpenedSession; at: Placed }): Transition {
  return over('nodeLost', { session: state.session, fault: { code: 'node_lost', nodeId: state.at.nodeId } })
}

/** The caller was told the fault, if there is one, when the farewell began. */
function finish(state: Extract<SessionState, { is: 'ending' }>, isCut: boolean): Transition {
  const { session, reason, fault } = state
  const left = over(reason, { session, fault })
  const effects = left.effects.filter(({ type }) => type !== 'tellCaller' && (isCut || type !== 'cut'))
  return to(left.state, ...effects)
}

function over(
  reason: EndReason,
  { session, fault, wasPlaced = true }: { session?: OpenedSession; fault?: Fault | undefined; wasPlaced?: boolean },
): Transition {
  const effects: SessionEffect[] = fault ? [{ type: 'tellCaller', fault }] : []
  if (session) effects.push({ type: 'cut', session })
  if (session && wasPlaced) effects.push({ type: 'release', reason })
  if (session) effects.push({ type: 'recordEnd', reason })
  const saysEnded = session !== undefined && wasPlaced
  return to({ is: 'ended', reason }, ...effects, { type: 'leave', reason, saysEnded, fault })
}
