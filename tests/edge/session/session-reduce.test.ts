// The transitions of a session, as a table: state and event in, state and effects out.
import { describe, expect, it } from 'vitest'
import { reduce } from '#edge/session/session-reduce.ts'
import { deadlines } from '#edge/session/session-deadlines.ts'
import {
  DIAL_WITHIN_MS,
  PLACING_MS,
  type OpenedSession,
  type SessionEvent,
  type SessionState,
} from '#edge/session/session-state.ts'
import type { Fault } from '#shared/fault.ts'
import { DEFAULT_TURN_OPTIONS } from '#shared/model/turn-options.ts'
import { TICKET_VALID_MS } from '#shared/protocol/limits.ts'
import { DEFAULT_AUDIO_FORMAT } from '#shared/protocol/session-messages.ts'

const NOW = 1_000_000
const session: OpenedSession = {
  conversationId: 'cnv_one',
  persona: { id: 'per_default', name: 'Parley', instructions: '', language: 'en', voice: null, script: null },
  voiceProfile: null,
  keepAudio: false,
  language: 'en',
  ttsMode: 'fast',
  audio: DEFAULT_AUDIO_FORMAT,
  options: DEFAULT_TURN_OPTIONS,
  turns: [],
  lastTurn: 0,
  near: [],
}
const at = { nodeId: 'nod_one' as const, epoch: 1 }
const here = { type: 'here' } as const
const gone = { type: 'gone', since: NOW - 1_000 } as const
const said = { toldNear: [], isEndTold: false, leaving: undefined }
const live = { type: 'live' as const, session, at, since: NOW, spokeAt: NOW, ...said, caller: here, node: here }

const STATES: Record<string, SessionState> = {
  awaitingStart: { type: 'awaitingStart', since: NOW },
  opening: { type: 'opening', since: NOW },
  abandoned: { type: 'abandoned', reason: 'callerGone' },
  placing: { type: 'placing', session, epoch: 1, since: NOW },
  waitingForNode: { type: 'waitingForNode', session, at, until: NOW + 1 },
  beginning: { type: 'beginning', session, at, until: NOW + 1 },
  live,
  callerGone: { ...live, caller: gone },
  nodeGone: { ...live, node: gone },
  bothGone: { ...live, caller: gone, node: gone },
  ending: { type: 'ending', session, reason: 'caller', until: NOW + 1, fault: undefined },
  ended: { type: 'ended', reason: 'caller', owed: [] },
  justEnded: reduce(live, { type: 'nodeFailed', fault: { code: 'internal' } }, NOW).state,
  waiting: { ...live, caller: { type: 'waiting' }, node: gone },
  toldNear: { ...live, toldNear: ['tokens'] },
  beginningNear: { type: 'beginning', session: { ...session, near: ['tokens'] }, at, until: NOW + 1 },
}
const spent = { code: 'quota_exhausted', quota: 'tokens', retryAfterMs: 1, resetAt: NOW + 1 } as const
STATES['leaving'] = { ...live, leaving: { fault: spent, after: ['trn_one'] } }
/** The key ends in a minute; its caller was told; it has ended, and a turn is still being said. */
const keyed = { ...live, session: { ...session, tokenEndsAt: NOW + 60_000 } }
const over = { ...session, tokenEndsAt: NOW }
Object.assign(STATES, {
  keyed,
  keyedPlacing: { type: 'placing', session: keyed.session, epoch: 1, since: NOW },
  keyOver: { ...live, session: over, isEndTold: true },
  keyOverNodeGone: { ...live, session: over, isEndTold: true, node: gone },
  keyOverLeaving: { ...live, session: over, isEndTold: true, leaving: { fault: spent, after: ['trn_one'] } },
  keyLeaving: {
    ...live,
    session: over,
    isEndTold: true,
    leaving: { fault: { code: 'unauthenticated' }, after: ['trn_one'] },
  },
} satisfies Record<string, SessionState>)
/** A conversation that goes on. */
const past = { ...session, turns: [{ id: 'trn_past' as const, utteranceText: 'Yes.', heardText: 'Yes.' }] }
Object.assign(STATES, {
  later: { ...live, session: past },
  laterEnding: { type: 'ending', session: past, reason: 'caller', until: NOW + 1, fault: undefined },
  laterPlacing: { type: 'placing', session: past, epoch: 1, since: NOW },
} satisfies Record<string, SessionState>)
const fault: Fault = { code: 'unavailable', what: 'test', retryAfterMs: 1 }

const EVENTS: Record<string, SessionEvent> = {
  opened: { type: 'opened', session },
  openFailed: { type: 'openFailed', fault },
  placed: { type: 'placed', at },
  placedBefore: { type: 'placed', at: { ...at, epoch: 0 } },
  placeFailed: { type: 'placeFailed', fault },
  callerLost: { type: 'callerLost' },
  callerEnds: { type: 'callerEnds' },
  nodeDialled: { type: 'nodeDialled' },
  begun: { type: 'begun', engines: [] },
  nodeFailed: { type: 'nodeFailed', fault },
  closed: { type: 'nodeSocketLost', isClean: true },
  torn: { type: 'nodeSocketLost', isClean: false },
  nodeGone: { type: 'nodeGone', nodeId: 'nod_one' },
  otherNodeGone: { type: 'nodeGone', nodeId: 'nod_two' },
  shutdown: { type: 'shutdown' },
  broke: { type: 'broke' },
  woke: { type: 'woke' },
  callerResumed: { type: 'callerResumed', received: 4 },
  nodeResumed: { type: 'nodeResumed', received: 4 },
  clientResumed: { type: 'callerResumed', received: undefined },
  near: { type: 'metered', standing: { near: ['tokens'], exhausted: undefined }, open: [] },
  spent: { type: 'metered', standing: { near: ['tokens'], exhausted: spent }, open: [] },
  spentInTurn: { type: 'metered', standing: { near: ['tokens'], exhausted: spent }, open: ['trn_one', 'trn_two'] },
  spokeOne: { type: 'spoke', open: ['trn_one', 'trn_three'] },
  spokeTwo: { type: 'spoke', open: ['trn_two', 'trn_three'] },
  alarm: { type: 'alarm', open: [] },
  alarmInTurn: { type: 'alarm', open: ['trn_one'] },
  renewed: { type: 'renewed', endsAt: NOW + 900_000 },
  flooded: { type: 'flooded', fault },
  started: { type: 'started', start: { type: 'session.start' } },
  corrected: { type: 'corrected', turnId: 'trn_past', text: 'No.' },
  correctedNow: { type: 'corrected', turnId: 'trn_one', text: 'No.' },
  nodeLeaves: { type: 'nodeLeaves' },
  keyEnded: { type: 'keyEnded' },
  overflowed: { type: 'overflowed', fault },
}

const FAREWELL = ['cut', 'release', 'recordEnd', 'leave']
const LOST = ['tellCaller', ...FAREWELL]

/** state, event, next state, effects */
const FORGOTTEN = ['release', 'recordEnd', 'leave']
const TABLE: Array<[string, string, string, string[]]> = [
  ['opening', 'opened', 'placing', ['place']],
  ['opening', 'openFailed', 'ended', ['tellCaller', 'leave']],
  ['abandoned', 'opened', 'ended', ['cut', 'recordEnd', 'leave']],
  ['abandoned', 'openFailed', 'ended', ['leave']],
  ['placing', 'placed', 'waitingForNode', ['recordPlacement']],
  ['placing', 'placedBefore', 'placing', []],
  ['placing', 'placeFailed', 'ended', ['tellCaller', 'cut', 'recordEnd', 'leave']],
  ['waitingForNode', 'nodeDialled', 'beginning', ['begin']],
  ['beginning', 'begun', 'live', ['ready']],
  ['beginning', 'nodeFailed', 'ended', LOST],
  ['live', 'nodeFailed', 'ended', LOST],
  ['live', 'begun', 'live', []],
  ['live', 'nodeDialled', 'live', []],
  // what comes again, or too late, changes nothing
  ['awaitingStart', 'started', 'opening', ['open']],
  ['opening', 'started', 'opening', []],
  ['live', 'started', 'live', []],
  ['live', 'opened', 'live', []],
  ['live', 'openFailed', 'live', []],
  ['placing', 'openFailed', 'placing', []],
  ['live', 'placed', 'live', []],
  ['live', 'placeFailed', 'live', []],
  ['placing', 'nodeFailed', 'placing', []],
  ['ending', 'nodeFailed', 'ending', []],
  ['beginning', 'nodeLeaves', 'ended', FAREWELL],
  ['live', 'nodeLeaves', 'ended', FAREWELL],
  ['ending', 'nodeLeaves', 'ending', []],
  ['beginning', 'callerResumed', 'beginning', []],
  ['beginning', 'nodeResumed', 'beginning', []],
  ['ending', 'nodeResumed', 'ending', []],
  ['placing', 'torn', 'placing', []],
  ['opening', 'nodeGone', 'opening', []],
  ['ending', 'spokeOne', 'ending', []],
  ['ended', 'corrected', 'ended', []],
  // an earlier turn is corrected
  ['later', 'corrected', 'live', ['recordCorrection']],
  ['later', 'correctedNow', 'live', []],
  ['laterEnding', 'corrected', 'ending', ['recordCorrection']],
  ['laterPlacing', 'corrected', 'placing', []],
  ['awaitingStart', 'corrected', 'awaitingStart', []],
  ['opening', 'corrected', 'opening', []],
  // what ends it from outside
  ['live', 'keyEnded', 'ending', ['tellCaller', 'tellNode']],
  ['placing', 'keyEnded', 'ended', LOST],
  ['beginning', 'keyEnded', 'ending', ['tellCaller', 'tellNode']],
  ['live', 'overflowed', 'ending', ['tellCaller', 'tellNode']],
  ['awaitingStart', 'renewed', 'awaitingStart', []],
  // the caller vanishes
  ['awaitingStart', 'callerLost', 'ended', ['leave']],
  ['opening', 'callerLost', 'abandoned', []],
  ['placing', 'callerLost', 'ended', FAREWELL],
  ['waitingForNode', 'callerLost', 'ended', FAREWELL],
  ['beginning', 'callerLost', 'ending', ['tellNode']],
  ['live', 'callerLost', 'live', []],
  ['callerGone', 'callerLost', 'live', []],
  ['nodeGone', 'callerLost', 'live', []],
  ['ending', 'callerLost', 'ending', []],
  ['ended', 'callerLost', 'ended', []],
  // the node's socket vanishes
  ['beginning', 'torn', 'ended', LOST],
  ['live', 'torn', 'live', []],
  ['nodeGone', 'torn', 'live', []],
  ['ending', 'closed', 'ended', ['release', 'recordEnd', 'leave']],
  ['ending', 'torn', 'ended', FAREWELL],
  ['ended', 'torn', 'ended', []],
  // the node vanishes
  ['placing', 'nodeGone', 'placing', []],
  ['waitingForNode', 'nodeGone', 'ended', LOST],
  ['waitingForNode', 'otherNodeGone', 'waitingForNode', []],
  ['beginning', 'nodeGone', 'beginning', []],
  ['live', 'nodeGone', 'live', []],
  ['nodeGone', 'nodeGone', 'ended', LOST],
  ['bothGone', 'nodeGone', 'ended', LOST],
  ['ended', 'nodeGone', 'ended', []],
  // back again
  ['callerGone', 'callerResumed', 'live', ['resumeCaller']],
  ['nodeGone', 'nodeResumed', 'live', ['resumeNode']],
  ['ending', 'callerResumed', 'ending', []],
  // a client of another wire waits for the node
  ['callerGone', 'clientResumed', 'live', ['resumeCaller']],
  ['bothGone', 'clientResumed', 'live', []],
  ['waiting', 'nodeResumed', 'live', ['resumeNode', 'resumeCaller']],
  ['waiting', 'callerLost', 'live', []],
  ['waiting', 'callerResumed', 'live', ['resumeCaller']],
  ['waiting', 'callerEnds', 'ended', FAREWELL],
  // over
  ['awaitingStart', 'callerEnds', 'ended', ['leave']],
  ['live', 'callerEnds', 'ending', ['tellNode']],
  ['nodeGone', 'callerEnds', 'ended', FAREWELL],
  ['ending', 'callerEnds', 'ending', []],
  ['live', 'shutdown', 'ending', ['tellNode']],
  ['opening', 'broke', 'abandoned', ['tellCaller', 'hangUp']],
  ['live', 'broke', 'ended', LOST],
  ['ended', 'broke', 'ended', []],
  ['justEnded', 'broke', 'ended', FORGOTTEN],
  ['placing', 'broke', 'ended', LOST],
  ['abandoned', 'broke', 'abandoned', []],
  // a quota is used up
  ['beginningNear', 'begun', 'live', ['ready', 'tellLimit']],
  ['live', 'near', 'live', ['tellLimit']],
  ['toldNear', 'near', 'live', []],
  ['live', 'spent', 'ending', ['tellLimit', 'tellCaller', 'tellNode']],
  ['nodeGone', 'spent', 'ended', ['tellLimit', ...LOST]],
  ['live', 'spentInTurn', 'live', ['tellLimit']],
  ['leaving', 'spent', 'live', []],
  ['leaving', 'spokeOne', 'live', []],
  ['leaving', 'spokeTwo', 'ending', ['tellCaller', 'tellNode']],
  ['live', 'spokeTwo', 'live', []],
  ['ending', 'spent', 'ending', []],
  ['beginning', 'spent', 'beginning', []],
  // the key or token ends
  ['live', 'alarm', 'live', []],
  ['keyed', 'alarm', 'live', ['tellToken']],
  ['keyOver', 'alarm', 'ending', ['tellCaller', 'tellNode']],
  ['keyOverNodeGone', 'alarm', 'ended', LOST],
  ['keyOver', 'alarmInTurn', 'live', []],
  ['keyOverLeaving', 'alarm', 'live', []],
  ['keyLeaving', 'alarm', 'live', []],
  ['keyLeaving', 'spokeTwo', 'ending', ['tellCaller', 'tellNode']],
  ['keyLeaving', 'renewed', 'live', ['tellToken']],
  ['keyOver', 'renewed', 'live', ['tellToken']],
  ['opening', 'renewed', 'opening', ['tellToken']],
  ['keyedPlacing', 'renewed', 'placing', ['tellToken']],
  ['ending', 'renewed', 'ending', []],
  // the caller floods
  ['awaitingStart', 'flooded', 'ended', ['tellCaller', 'leave']],
  ['opening', 'flooded', 'abandoned', ['tellCaller', 'hangUp']],
  ['placing', 'flooded', 'ended', LOST],
  ['live', 'flooded', 'ending', ['tellCaller', 'tellNode']],
  ['ending', 'flooded', 'ending', []],
  // the memory was lost
  ['awaitingStart', 'woke', 'ended', FORGOTTEN],
  ['opening', 'woke', 'ended', FORGOTTEN],
  ['abandoned', 'woke', 'ended', FORGOTTEN],
  ['placing', 'woke', 'ended', FORGOTTEN],
  ['waitingForNode', 'woke', 'ended', FORGOTTEN],
  ['beginning', 'woke', 'ended', FORGOTTEN],
  ['live', 'woke', 'live', []],
  ['ending', 'woke', 'ended', ['cut', 'release', 'recordEnd', 'leave']],
]

it('[PER7] a persona’s own limit of a session comes before that of all', () => {
  const persona = { ...session.persona, limits: { maxSessionMs: 600_000 } }
  const due = (state: SessionState) => deadlines(state).find(({ why }) => why === 'maxDuration')?.at
  expect(due({ ...live, session: { ...session, persona } })).toBe(NOW + 600_000)
  expect(due({ ...live, session: { ...session, persona: { ...persona, limits: {} } } })).toBe(NOW + 3_600_000)
})

describe('reduce', () => {
  it.each(TABLE)('[SES18] %s, %s → %s', (state, event, next, effects) => {
    const from = STATES[state]
    const happened = EVENTS[event]
    if (!from || !happened) throw new Error(`no ${state} or ${event}`)
    const transition = reduce(from, happened, NOW)
    expect(transition.state.type).toBe(next)
    expect(transition.effects.map(({ type }) => type)).toEqual(effects)
  })

  it('[SES18] whoever vanishes, in whatever state, time alone brings every session to its end', () => {
    for (const from of Object.values(STATES)) {
      let state = from
      let now = NOW
      // The store bounds itself: its answer comes, whenever that is.
      for (let steps = 0; state.type !== 'ended' && steps < 10; steps++) {
        now = Math.max(now, deadlines(state)[0]?.at ?? now)
        state = reduce(state, { type: 'alarm', open: [] }, now).state
        if (state.type === 'abandoned') state = reduce(state, { type: 'openFailed', fault }, now).state
      }
      expect(state.type).toBe('ended')
    }
  })

  it('[SES37] a fleet that does not answer ends the session, while the ticket would still be good for a dial', () => {
    const placing = STATES['placing'] as SessionState
    expect(deadlines(placing)).toMatchObject([{ why: 'deadline', stage: 'placing', at: NOW + PLACING_MS }])
    const late = reduce(placing, { type: 'alarm', open: [] }, NOW + PLACING_MS)
    expect(late.state.type).toBe('ended')
    expect(late.effects.map(({ type }) => type)).toEqual(LOST)
    expect(late.effects[0]).toMatchObject({ fault: { code: 'deadline_exceeded', stage: 'placing' } })
    expect(PLACING_MS + DIAL_WITHIN_MS).toBeLessThan(TICKET_VALID_MS)
  })

  it('[SES33] the limits of time stand in their order: silence, return of the node, return of the caller, idle, longest', () => {
    const times = deadlines({ ...live, caller: { type: 'gone', since: NOW }, node: { type: 'gone', since: NOW } })
    expect(times.map(({ why, at: when }) => [why, when - NOW])).toEqual([
      ['nodeLost', 6_000],
      ['callerGone', 30_000],
      ['idle', 300_000],
      ['maxDuration', 3_600_000],
    ])
  })
})
