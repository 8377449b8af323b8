// The states of a session at the node, as a table.
import { describe, expect, it } from 'vitest'
import type { SessionEvent, SessionState } from '#gpu-node/session/session-state.ts'
import { reduceSession } from '#gpu-node/session/session-reduce.ts'

const outcome = (state: SessionState, event: SessionEvent): string => {
  const { state: after, effects } = reduceSession(state, event)
  return [after.type, ...effects.map(({ type }) => type)].join(' ')
}

describe('session-reduce', () => {
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
      { type: 'broke' },
    ]
    const table = Object.fromEntries(events.map((event) => [event.type, states.map((state) => outcome(state, event))]))
    const stay = ['joining', 'live', 'ending', 'ending', 'delivering', 'delivering', 'over']
    const left = 'over sayFailed closeLink freeSlot'
    const gone = 'over closeLink freeSlot'
    expect(table).toEqual({
      begun: ['live startTurns', ...stay.slice(1)],
      end: [gone, 'ending endTurns', ...stay.slice(2)],
      leave: [left, 'ending endTurns', ...stay.slice(2)],
      failed: [left, 'ending sayFailed endTurns', ...stay.slice(2)],
      gone: [gone, 'ending endTurns', 'ending', 'ending', gone, gone, 'over'],
      turnsEnded: ['joining', 'live', 'delivering deliver', gone, 'delivering', 'delivering', 'over'],
      delivered: ['joining', 'live', 'ending', 'ending', gone, left, 'over'],
      broke: [left, 'ending sayFailed endTurns', left, left, left, left, gone],
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
            released += step.effects.filter(({ type }) => type === 'freeSlot').length
          }
          expect([state.type, released]).toEqual(['over', 1])
        }
  })
})
