// The transitions of a session: (state, event, now) → state and effects. Pure; called by session-room.ts only.
// An event that means nothing in a state changes nothing: sockets, store and fleet answer when they please.
import type { Fault } from '#shared/fault.ts'
import type { TurnId } from '#shared/ids.ts'
import type { Quota } from '#shared/model/quota.ts'
import type { EndReason } from '#shared/protocol/session-messages.ts'
import type { OpenedSession, Placed, SessionEffect, SessionEvent, SessionState, Transition } from './session-state.ts'
import { deadlines } from './session-deadlines.ts'
import { BEGIN_WITHIN_MS, DIAL_WITHIN_MS, FAREWELL_MS } from './session-state.ts'

type Of<K extends SessionEvent['type']> = Extract<SessionEvent, { type: K }>
type Step<K extends SessionEvent['type']> = (state: SessionState, event: Of<K>, now: number) => Transition

/** The epoch of the first placement. Each later one raises it. */
const FIRST_EPOCH = 1
const HERE = { type: 'here' } as const

const stay = (state: SessionState): Transition => ({ state, effects: [] })
const to = (state: SessionState, ...effects: SessionEffect[]): Transition => ({ state, effects })

const STEPS: { [K in SessionEvent['type']]: Step<K> } = {
  started: (state, { start }, now) =>
    state.type === 'awaitingStart' ? to({ type: 'opening', since: now }, { type: 'open', start }) : stay(state),
  opened: (state, { session }, now) => {
    if (state.type === 'abandoned') return over(state.reason, { session, wasPlaced: false })
    if (state.type !== 'opening') return stay(state)
    const { engines } = session.persona
    return to(
      { type: 'placing', session, epoch: FIRST_EPOCH, since: now },
      { type: 'place', epoch: FIRST_EPOCH, engines },
    )
  },
  openFailed: (state, { fault }) => {
    if (state.type === 'abandoned') return over(state.reason, {})
    return state.type === 'opening' ? over('fault', { fault }) : stay(state)
  },
  placed: (state, { at }, now) =>
    state.type === 'placing' && at.epoch === state.epoch
      ? to(
          { type: 'waitingForNode', session: state.session, at, until: now + DIAL_WITHIN_MS },
          { type: 'recordPlacement', at },
        )
      : stay(state),
  placeFailed: (state, { fault }) => {
    if (state.type !== 'placing') return stay(state)
    return over('fault', { session: state.session, fault, wasPlaced: false })
  },
  callerResumed: (state, { received }) => {
    if (state.type !== 'live') return stay(state)
    if (received === undefined && state.node.type === 'gone') return to({ ...state, caller: { type: 'waiting' } })
    return to({ ...state, caller: HERE }, { type: 'resumeCaller', received })
  },
  callerLost: (state, _event, now) => {
    if (state.type !== 'live') return end(state, 'callerGone', now)
    return state.caller.type === 'gone' ? stay(state) : to({ ...state, caller: { type: 'gone', since: now } })
  },
  callerEnds: (state, _event, now) => end(state, 'caller', now),
  nodeDialled: (state, _event, now) => {
    if (state.type !== 'waitingForNode') return stay(state)
    const { session, at } = state
    return to({ type: 'beginning', session, at, until: now + BEGIN_WITHIN_MS }, { type: 'begin', session, at })
  },
  nodeResumed: (state, { received }) => {
    if (state.type !== 'live') return stay(state)
    const resumed = to({ ...state, node: HERE }, { type: 'resumeNode', received })
    if (state.caller.type !== 'waiting') return resumed
    return to({ ...state, node: HERE, caller: HERE }, ...resumed.effects, { type: 'resumeCaller', received: undefined })
  },
  begun: (state, { engines }, now) => {
    if (state.type !== 'beginning') return stay(state)
    const { session, at } = state
    const live = { type: 'live' as const, session, at, since: now, spokeAt: now, caller: HERE, node: HERE }
    const { near } = session
    return to(
      { ...live, toldNear: near, isEndTold: false, leaving: undefined },
      { type: 'ready', session, engines },
      ...near.map(tellNear),
    )
  },
  nodeFailed: (state, { fault }) =>
    state.type === 'beginning' || state.type === 'live'
      ? over('fault', { session: state.session, fault })
      : stay(state),
  nodeLeaves: (state) =>
    state.type === 'beginning' || state.type === 'live' ? over('shutdown', { session: state.session }) : stay(state),
  nodeSocketLost: (state, { isClean }, now) => {
    if (state.type === 'beginning') return nodeLost(state)
    if (state.type === 'ending') return finish(state, !isClean)
    if (state.type !== 'live' || state.node.type === 'gone') return stay(state)
    return to({ ...state, node: { type: 'gone', since: now } })
  },
  nodeGone: (state, { nodeId }) => {
    if (!('at' in state) || state.at.nodeId !== nodeId) return stay(state)
    // While the data socket lives, so does the node, whatever became of its control socket.
    const isConnected = state.type === 'beginning' || (state.type === 'live' && state.node.type === 'here')
    return isConnected ? stay(state) : nodeLost(state)
  },
  corrected: (state, { turnId, text }) => {
    if (state.type !== 'live' && state.type !== 'ending') return stay(state)
    const { session } = state
    const isEarlier = session.turns.some(({ id }) => id === turnId)
    return isEarlier ? to(state, { type: 'recordCorrection', session, turnId, text }) : stay(state)
  },
  spoke: (state, { open }, now) => {
    if (state.type !== 'live') return stay(state)
    const { leaving } = state
    if (leaving && !isOpen(leaving.after, open)) return end(state, 'fault', now, leaving.fault)
    return to({ ...state, spokeAt: now })
  },
  metered: (state, event, now) => (state.type === 'live' ? metered(state, event, now) : stay(state)),
  overflowed: (state, { fault }, now) => end(state, 'fault', now, fault),
  flooded: (state, { fault }, now) => end(state, 'fault', now, fault),
  keyEnded: (state, _event, now) => end(state, 'fault', now, UNAUTHENTICATED),
  renewed,
  shutdown: (state, _event, now) => end(state, 'shutdown', now),
  woke: (state, _event, now) => {
    const gone = { type: 'gone' as const, since: now }
    if (state.type === 'live') return to({ ...state, caller: gone, node: gone })
    if (state.type === 'ending') return finish(state, true)
    return forgotten()
  },
  broke,
  alarm,
}

const INTERNAL: Fault = { code: 'internal' }
const UNAUTHENTICATED: Fault = { code: 'unauthenticated' }

/** What happens to a session in a state. An ended session stays ended; a bug may still have to finish its end. */
export function reduce(state: SessionState, event: SessionEvent, now: number): Transition {
  if (state.type === 'ended' && event.type !== 'broke') return stay(state)
  // The table's key is the event's own type: TypeScript cannot see that the two unions move together.
  const step = STEPS[event.type] as (state: SessionState, event: SessionEvent, now: number) => Transition
  return step(state, event, now)
}

const tellNear = (quota: Quota): SessionEffect => ({ type: 'tellLimit', quota, percent: 80 })

type Live = Extract<SessionState, { type: 'live' }>

const isOpen = (turns: readonly TurnId[], open: readonly TurnId[]): boolean => turns.some((turn) => open.includes(turn))

/** What is being said is finished first. A room that lost its memory may tell a caller the same a second time. */
function metered(state: Live, { standing, open }: Of<'metered'>, now: number): Transition {
  if (state.leaving) return stay(state)
  const { near, exhausted } = standing
  const news = near.filter((quota) => quota !== exhausted?.quota && !state.toldNear.includes(quota))
  const told = news.map(tellNear)
  const next = { ...state, toldNear: [...state.toldNear, ...news] }
  if (!exhausted) return news.length > 0 ? to(next, ...told) : stay(state)
  told.push({ type: 'tellLimit', quota: exhausted.quota, percent: 100 })
  if (open.length > 0) return to({ ...next, leaving: { fault: exhausted, after: open } }, ...told)
  const left = end(next, 'fault', now, exhausted)
  return to(left.state, ...told, ...left.effects)
}

/** The key or token has ended: what is being said is finished first. */
function tokenEnded(state: Live, open: readonly TurnId[], now: number): Transition {
  if (open.length > 0) return to({ ...state, leaving: { fault: UNAUTHENTICATED, after: open } })
  return end(state, 'fault', now, UNAUTHENTICATED)
}

function renewed(state: SessionState, { endsAt }: Of<'renewed'>): Transition {
  const told: SessionEffect = { type: 'tellToken', notice: 'tokenRenewed', endsAt }
  // What the store is still opening gets its end when it is opened.
  if (state.type === 'opening') return to(state, told)
  if (!('session' in state) || state.type === 'ending') return stay(state)
  const session = { ...state.session, tokenEndsAt: endsAt }
  if (state.type !== 'live') return to({ ...state, session }, told)
  const leaving = state.leaving?.fault.code === 'unauthenticated' ? undefined : state.leaving
  return to({ ...state, session, leaving, isEndTold: false }, told)
}

/** A bug ends the session. Each of these effects is tried, whichever other one breaks: see Machine. */
function broke(state: SessionState): Transition {
  switch (state.type) {
    case 'ended':
      return to({ ...state, owed: [] }, ...state.owed)
    case 'opening':
      return abandon('fault', INTERNAL)
    case 'abandoned':
      // Its caller is gone already, and the store has not yet said what it opened.
      return stay(state)
    default:
      return over('fault', { ...('session' in state ? { session: state.session } : {}), fault: INTERNAL })
  }
}

function alarm(state: SessionState, { open }: Of<'alarm'>, now: number): Transition {
  const due = deadlines(state).find(({ at }) => at <= now)
  switch (due?.why) {
    case undefined:
      return stay(state)
    case 'deadline':
      return end(state, 'fault', now, { code: 'deadline_exceeded', stage: due.stage, limitMs: due.limitMs })
    case 'nodeLost':
      return 'at' in state ? nodeLost(state) : stay(state)
    case 'tokenEnds':
      if (state.type !== 'live') return stay(state)
      return to(
        { ...state, isEndTold: true },
        { type: 'tellToken', notice: 'tokenEnds', endsAt: state.session.tokenEndsAt },
      )
    case 'tokenEnded':
      return state.type === 'live' ? tokenEnded(state, open, now) : stay(state)
    case 'farewell':
      return state.type === 'ending' ? finish(state, true) : stay(state)
    default:
      return end(state, due?.why ?? 'fault', now)
  }
}

/** The way out: by a farewell where a node listens, at once everywhere else. */
function end(state: SessionState, reason: EndReason, now: number, fault?: Fault): Transition {
  const told: SessionEffect[] = fault ? [{ type: 'tellCaller', fault }] : []
  switch (state.type) {
    case 'awaitingStart':
      return over(reason, { fault })
    case 'opening':
      return abandon(reason, fault)
    case 'placing':
    case 'waitingForNode':
      return over(reason, { session: state.session, fault })
    case 'beginning':
    case 'live': {
      if (state.type === 'live' && state.node.type === 'gone') return over(reason, { session: state.session, fault })
      const ending = { type: 'ending' as const, session: state.session, reason, until: now + FAREWELL_MS, fault }
      return to(ending, ...told, { type: 'tellNode', reason })
    }
    default:
      return stay(state)
  }
}

/** The caller leaves at once. The store still answers later, and what it has opened is ended then. */
function abandon(reason: EndReason, fault: Fault | undefined): Transition {
  const effects: SessionEffect[] = fault
    ? [
        { type: 'tellCaller', fault },
        { type: 'hangUp', fault },
      ]
    : []
  return to({ type: 'abandoned', reason }, ...effects)
}

/** Nobody can come back to a session that was not live yet. What store and fleet may have done for it is undone. */
function forgotten(): Transition {
  const reason = 'shutdown'
  return ended(reason, [
    { type: 'release', reason },
    { type: 'recordEnd', reason },
    { type: 'leave', reason, saysEnded: false, fault: undefined },
  ])
}

function nodeLost(state: { session: OpenedSession; at: Placed }): Transition {
  return over('nodeLost', { session: state.session, fault: { code: 'node_lost', nodeId: state.at.nodeId } })
}

/** The caller was told the fault, if there is one, when the farewell began. */
function finish(state: Extract<SessionState, { type: 'ending' }>, isCut: boolean): Transition {
  const { session, reason, fault } = state
  const left = over(reason, { session, fault })
  const effects = left.effects.filter(({ type }) => type !== 'tellCaller' && (isCut || type !== 'cut'))
  return to(left.state, ...effects)
}

/** `wasPlaced`: a node may hold a slot for it, and the caller may have been told that the session is there. */
function over(
  reason: EndReason,
  { session, fault, wasPlaced = true }: { session?: OpenedSession; fault?: Fault | undefined; wasPlaced?: boolean },
): Transition {
  const first: SessionEffect[] = fault ? [{ type: 'tellCaller', fault }] : []
  if (session) first.push({ type: 'cut', session })
  const owed: SessionEffect[] = []
  if (session && wasPlaced) owed.push({ type: 'release', reason })
  if (session) owed.push({ type: 'recordEnd', reason })
  const saysEnded = session !== undefined && wasPlaced
  return ended(reason, [...owed, { type: 'leave', reason, saysEnded, fault }], first)
}

function ended(reason: EndReason, owed: SessionEffect[], first: SessionEffect[] = []): Transition {
  return to({ type: 'ended', reason, owed }, ...first, ...owed)
}
