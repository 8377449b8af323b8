// The node's reducers under any sequence of events, in any order and at any time: what must always hold of them.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reduceSession } from '#gpu-node/session/session-reduce.ts'
import type * as node from '#gpu-node/session/session-state.ts'
import { reduceDial } from '#gpu-node/tunnel/dial-reduce.ts'
import type { DialEvent, DialState } from '#gpu-node/tunnel/dial-state.ts'

const RUNS = { numRuns: 1_000 }
const waits = fc.constantFrom(0, 1, 500, 9_999, 10_000)

describe('node', () => {
  it('[FUZ4] a session of a node frees its slot once under any sequence of events, by its timeouts at the latest', () => {
    const events = fc.constantFrom<node.SessionEvent>(
      { type: 'begun' },
      { type: 'end', reason: 'caller' },
      { type: 'leave' },
      { type: 'failed', code: 'internal' },
      { type: 'gone' },
      { type: 'turnsEnded' },
      { type: 'delivered' },
      { type: 'timedOut' },
    )
    fc.assert(
      fc.property(fc.array(events, { maxLength: 20 }), (script) => {
        let state: node.SessionState = { type: 'joining' }
        const effects: node.SessionEffect[] = []
        const end: node.SessionEvent[] = [{ type: 'gone' }, { type: 'timedOut' }, { type: 'timedOut' }]
        for (const event of [...script, ...end]) {
          const step = reduceSession(state, event)
          state = step.state
          effects.push(...step.effects)
        }
        expect(state.type).toBe('over')
        expect(effects.filter(({ type }) => type === 'freeSlot')).toHaveLength(1)
        expect(effects.at(-1)?.type).toBe('freeSlot')
      }),
      RUNS,
    )
  })

  it('[FUZ5] a dialler never has two connections, and dials no more once it has stopped', () => {
    const end = { wasOpen: true, reason: 'x' }
    const events = fc.constantFrom<DialEvent>(
      { type: 'start' },
      { type: 'opened' },
      { type: 'ended', end, isPermanent: false },
      { type: 'ended', end, isPermanent: true },
      { type: 'broke', end, isPermanent: false },
      { type: 'broke', end, isPermanent: true },
      { type: 'due' },
      { type: 'stop' },
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(events, waits), { maxLength: 30 }), (script) => {
        let now = 0
        let state: DialState = { type: 'idle' }
        let hasSocket = false
        for (const [event, waitMs] of script) {
          now += waitMs
          const before = state.type
          if (event.type === 'ended' || event.type === 'broke') hasSocket = false
          const step = reduceDial(state, event, { now, giveUpAfterMs: 10_000 })
          state = step.state
          for (const { type } of step.effects) {
            if (type !== 'dial') continue
            expect([before, hasSocket]).not.toContain('stopped')
            expect(hasSocket).toBe(false)
            hasSocket = true
          }
        }
      }),
      RUNS,
    )
  })
})
