// The states of a session at the node, as a table.
import { describe, expect, it } from 'vitest'
import type { SessionEvent, SessionState } from '#gpu-node/session/session-state.ts'
import { reduceSession } from '#gpu-node/session/session-state.ts'
import { isInTurnAfter } from '#gpu-node/session/turn-watch.ts'

const outcome = (state: SessionState, event: SessionEvent): string => {
  const { state: after, effects } = reduceSession(state, event)
  return [after.type, ...effects.map(({ type }) => type)].join(' ')
}

describe('session-state', () => {
  it('[NSE1] a session goes from state to state by this table and no other way', () => {
    const states: SessionState[] = [
      { type: 'joining' },
      { type: 'live' },
      { type: 'ending', canDeliver: true, parting: undefined },
      { type: 'ending', canDeliver: false, parting: undefined },
      { type: 'delivering', parting: undefined },
      { type: 'delivering', parting: 'shutdown' },
      { type: 'over' },
    ]
    const events: SessionEvent[] = [
      { type: 'begun' },
      { type: 'end', reason: 'caller' },
      { type: 'leave' },
      { type: 'failed', code: 'internal' },
      { type: 'gone' },
      { type: 'turnsEnded' },
      { type: 'delivered' },
      { type: 'timedOut' },
    ]
    const table = Object.fromEntries(events.map((event) => [event.type, states.map((state) => outcome(state, event))]))
    const stay = ['joining', 'live', 'ending', 'ending', 'delivering', 'delivering', 'over']
    const left = 'over sayFailed release'
    const gone = 'over release'
    expect(table).toEqual({
      begun: ['live startTurns', ...stay.slice(1)],
      end: [gone, 'ending endTurns', ...stay.slice(2)],
      leave: [left, 'ending endTurns', ...stay.slice(2)],
      failed: [left, 'ending sayFailed endTurns', ...stay.slice(2)],
      gone: [gone, 'ending endTurns', 'ending', 'ending', gone, gone, 'over'],
      turnsEnded: ['joining', 'live', 'delivering deliver', gone, 'delivering', 'delivering', 'over'],
      delivered: ['joining', 'live', 'ending', 'ending', gone, left, 'over'],
      timedOut: [gone, 'live', 'delivering deliver', gone, gone, left, 'over'],
    })
  })

  it('[NSE2] whatever happened in it, a session that ends frees its slot', () => {
    const events: SessionEvent[] = [
      { type: 'begun' },
      { type: 'end', reason: 'idle' },
      { type: 'leave' },
      { type: 'failed', code: 'internal' },
      { type: 'gone' },
      { type: 'turnsEnded' },
      { type: 'delivered' },
    ]
    for (const a of events)
      for (const b of events)
        for (const c of events) {
          let state: SessionState = { type: 'joining' }
          let released = 0
          // Each state after live has a timeout of its own, so three of them end whatever is left.
          for (const event of [
            a,
            b,
            c,
            { type: 'end', reason: 'idle' },
            ...Array(3).fill({ type: 'timedOut' }),
          ] as SessionEvent[]) {
            const step = reduceSession(state, event)
            state = step.state
            released += step.effects.filter(({ type }) => type === 'release').length
          }
          expect([state.type, released]).toEqual(['over', 1])
        }
  })

  it('[NSE3] something is being said from the start of an utterance or reply until the reply is done or nothing was said', () => {
    const turnId = 'trn_one'
    expect(isInTurnAfter({ type: 'utterance.started', turnId, turn: 1, atSample: 0 }, false)).toBe(true)
    expect(isInTurnAfter({ type: 'transcript.partial', turnId, text: 'a' }, true)).toBe(true)
    expect(isInTurnAfter({ type: 'utterance.ended', turnId, atSample: 1, reason: 'silence' }, true)).toBe(true)
    expect(isInTurnAfter({ type: 'utterance.ended', turnId, atSample: 1, reason: 'noSpeech' }, true)).toBe(false)
    expect(isInTurnAfter({ type: 'reply.started', turnId, turn: 1 }, false)).toBe(true)
    expect(isInTurnAfter({ type: 'session.notice', notice: 'degraded' }, false)).toBe(false)
  })
})
