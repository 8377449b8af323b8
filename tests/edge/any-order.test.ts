// The edge's reducers under any sequence of events, in any order and at any time: what must always hold of them.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reduceFleet } from '#edge/fleet/fleet-reduce.ts'
import { EMPTY_FLEET, type FleetEffect, type FleetEvent, type FleetState } from '#edge/fleet/fleet-state.ts'
import { fleetDeadline } from '#edge/fleet/fleet-views.ts'
import { reduce } from '#edge/session/session-reduce.ts'
import { deadlines } from '#edge/session/session-deadlines.ts'
import {
  type OpenedSession,
  type SessionEffect,
  type SessionEvent,
  type SessionState,
} from '#edge/session/session-state.ts'
import type { NodeId, SessionId } from '#shared/ids.ts'
import { DEFAULT_TURN_OPTIONS } from '#shared/model/turn-options.ts'
import { DEFAULT_AUDIO_FORMAT } from '#shared/protocol/session-messages.ts'

const RUNS = { numRuns: 1_000 }
/** Times between two events: together, within a deadline, over any of them. */
const waits = fc.constantFrom(0, 1, 500, 2_000, 8_000, 30_000, 300_000)

describe('session room', () => {
  const session: OpenedSession = {
    conversationId: 'cnv_one',
    persona: { id: 'per_default', name: 'Parley', instructions: '', voice: null, script: null, language: 'en' },
    voiceProfile: null,
    keepAudio: false,
    language: 'en',
    ttsMode: 'fast',
    audio: DEFAULT_AUDIO_FORMAT,
    options: DEFAULT_TURN_OPTIONS,
    turns: [],
    lastTurn: 0,
    near: ['tokens'],
  }
  const at = fc.record({ nodeId: fc.constantFrom<NodeId>('nod_one', 'nod_two'), epoch: fc.integer({ min: 0, max: 2 }) })
  const fault = { code: 'internal' } as const
  const spent = { code: 'quota_exhausted', quota: 'tokens', retryAfterMs: 1, resetAt: 1 } as const
  const events = fc.oneof(
    at.map((placed): SessionEvent => ({ type: 'placed', at: placed })),
    at.map(({ nodeId }): SessionEvent => ({ type: 'nodeGone', nodeId })),
    fc.boolean().map((isClean): SessionEvent => ({ type: 'nodeSocketLost', isClean })),
    fc.constantFrom<SessionEvent>(
      { type: 'started', start: { type: 'session.start' } },
      { type: 'opened', session },
      { type: 'openFailed', fault },
      { type: 'placeFailed', fault },
      { type: 'callerResumed', received: 0 },
      { type: 'callerResumed', received: undefined },
      { type: 'callerLost' },
      { type: 'callerEnds' },
      { type: 'nodeDialled' },
      { type: 'nodeResumed', received: 0 },
      { type: 'begun', engines: [] },
      { type: 'nodeFailed', fault },
      { type: 'spoke', open: [] },
      { type: 'spoke', open: ['trn_one'] },
      { type: 'metered', standing: { near: ['tokens'], exhausted: undefined }, open: [] },
      { type: 'metered', standing: { near: [], exhausted: spent }, open: [] },
      { type: 'metered', standing: { near: [], exhausted: spent }, open: ['trn_one'] },
      { type: 'overflowed', fault },
      { type: 'shutdown' },
      { type: 'broke' },
      { type: 'alarm', open: [] },
    ),
  )

  const startOf = (since: number): SessionState => ({ type: 'awaitingStart', since })
  /** The way to a live session: a random walk alone would seldom get there. */
  const happy: SessionEvent[] = [
    { type: 'started', start: { type: 'session.start' } },
    { type: 'opened', session },
    { type: 'placed', at: { nodeId: 'nod_one', epoch: 1 } },
    { type: 'nodeDialled' },
    { type: 'begun', engines: [] },
  ]
  const scripts = fc
    .tuple(fc.integer({ min: 0, max: happy.length }), fc.array(fc.tuple(events, waits), { maxLength: 30 }))
    .map(([steps, rest]) => [...happy.slice(0, steps).map((event): [SessionEvent, number] => [event, 0]), ...rest])

  /** Plays the events, with the store answering at most once, as it does; then lets time alone go on. */
  function play(script: Array<[SessionEvent, number]>) {
    let now = 0
    let state = startOf(now)
    const effects: SessionEffect[] = []
    const happen = (event: SessionEvent): void => {
      const step = reduce(state, event, now)
      state = step.state
      effects.push(...step.effects)
    }
    const count = (type: SessionEffect['type']): number => effects.filter((effect) => effect.type === type).length
    let isAnswered = false
    for (const [event, waitMs] of script) {
      now += waitMs
      // What the end owes after a bug is looked at by itself.
      if (event.type === 'broke' && state.type === 'ended') continue
      const isAnswer = event.type === 'opened' || event.type === 'openFailed'
      if (isAnswer && (isAnswered || count('open') === 0)) continue
      isAnswered ||= isAnswer
      happen(event)
    }
    if (count('open') > 0 && !isAnswered) happen({ type: 'opened', session })
    for (let due = deadlines(state)[0]; due !== undefined; due = deadlines(state)[0]) {
      now = Math.max(now, due.at)
      happen({ type: 'alarm', open: [] })
    }
    return { state, effects, count }
  }

  it('[FUZ1] any sequence of events ends by time alone; each thing is done once, and leaving comes last', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const { state, effects, count } = play(script)
        expect(state.type).toBe('ended')
        for (const type of ['open', 'ready', 'release', 'recordEnd', 'cut'] as const)
          expect(count(type)).toBeLessThanOrEqual(1)
        expect(count('leave')).toBe(1)
        expect(effects.at(-1)?.type).toBe('leave')
        // What was placed is released, and what the store opened is ended there.
        if (count('begin') > 0) expect(count('release')).toBe(1)
        if (count('place') > 0) expect(count('recordEnd')).toBe(1)
      }),
      RUNS,
    )
  })

  it('[SES24] a bug after any sequence of events leaves nothing of the end undone, and does it again once', () => {
    const needed = (effects: SessionEffect[]) =>
      effects.map(({ type }) => type).filter((type) => ['release', 'recordEnd', 'leave'].includes(type))
    fc.assert(
      fc.property(scripts, (script) => {
        const { state, effects } = play(script)
        const again = reduce(state, { type: 'broke' }, 0)
        expect(needed(again.effects)).toEqual(needed(effects))
        expect(reduce(again.state, { type: 'broke' }, 0).effects).toEqual([])
      }),
      RUNS,
    )
  })

  it('[FUZ2] what the store opens after everybody has left is ended there all the same', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(events, waits), { maxLength: 8 }), (script) => {
        const late = script.filter(([{ type }]) => type !== 'opened' && type !== 'openFailed')
        const { count } = play([[{ type: 'started', start: { type: 'session.start' } }, 0], ...late])
        expect(count('recordEnd')).toBe(1)
      }),
      RUNS,
    )
  })
})

describe('fleet room', () => {
  const nodes = fc.constantFrom<NodeId>('nod_one', 'nod_two', 'nod_three')
  const sessions = fc.constantFrom<SessionId>('ses_one', 'ses_two', 'ses_three', 'ses_four')
  const statuses = fc
    .record({
      slots: fc.integer({ min: 0, max: 3 }),
      freeSlots: fc.integer({ min: 0, max: 3 }),
      sessions: fc.uniqueArray(sessions),
    })
    .map((status) => ({ ...status, engines: [], vram: null }))
  const events = fc.oneof(
    fc
      .tuple(fc.constantFrom('connected', 'draining', 'disconnected', 'died', 'drain'), nodes)
      .map(([type, nodeId]): FleetEvent => ({ type, nodeId })),
    fc.tuple(nodes, statuses).map(([nodeId, status]): FleetEvent => ({ type: 'status', nodeId, status })),
    fc
      .tuple(nodes, statuses)
      .map(([nodeId, status]): FleetEvent => ({ type: 'hello', nodeId, status, name: 'x', version: '0' })),
    fc
      .tuple(fc.constantFrom('accepted', 'declined'), nodes, sessions, fc.constantFrom(1, 2))
      .map(([type, nodeId, sessionId, epoch]): FleetEvent => ({ type, nodeId, sessionId, epoch })),
    fc.tuple(sessions, fc.constantFrom({}, { llm: 'nowhere' })).map(([sessionId, engines]): FleetEvent => ({
      type: 'place',
      offer: { sessionId, epoch: 1, ticket: 't', expiresAt: 1e9 },
      engines,
    })),
    sessions.map((sessionId): FleetEvent => ({ type: 'release', sessionId, reason: 'caller' })),
    fc.constantFrom<FleetEvent>({ type: 'alarm' }, { type: 'broke' }),
  )
  const holders = (state: FleetState, sessionId: SessionId): NodeId[] =>
    [...state.nodes].flatMap(([nodeId, { held }]) => (held.has(sessionId) ? [nodeId] : []))

  it('[FUZ3] under any sequence of events a session has one node, each question one answer, and nothing stays behind', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(events, waits), { maxLength: 60 }), (script) => {
        let now = 0
        let state = EMPTY_FLEET
        const effects: FleetEffect[] = []
        const placed: SessionId[] = []
        const happen = (event: FleetEvent): void => {
          const step = reduceFleet(state, event, now)
          state = step.state
          effects.push(...step.effects)
          for (const [sessionId, { nodeId }] of state.pending) expect(holders(state, sessionId)).toEqual([nodeId])
          for (const sessionId of placed) expect(holders(state, sessionId).length).toBeLessThanOrEqual(1)
        }
        for (const [event, waitMs] of script) {
          now += waitMs
          // A session room asks once.
          if (event.type === 'place' && placed.includes(event.offer.sessionId)) continue
          if (event.type === 'place') placed.push(event.offer.sessionId)
          happen(event)
        }
        for (let due = fleetDeadline(state); due !== undefined; due = fleetDeadline(state)) {
          now = Math.max(now, due)
          happen({ type: 'alarm' })
        }
        const answers = effects.flatMap((effect) =>
          effect.type === 'placed' || effect.type === 'unplaced' ? [effect.sessionId] : [],
        )
        expect(answers.toSorted()).toEqual(placed.toSorted())
        for (const sessionId of placed) happen({ type: 'release', sessionId, reason: 'caller' })
        for (const nodeId of state.nodes.keys()) happen({ type: 'died', nodeId })
        expect(state.nodes.size + state.pending.size).toBe(0)
      }),
      RUNS,
    )
  })
})
