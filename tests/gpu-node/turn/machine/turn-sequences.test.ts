// What holds of the reducer for any sequence of events.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TurnId } from '#shared/ids.ts'
import { LISTENING, reduce } from '#gpu-node/turn/machine/turn-reduce.ts'
import type { TurnEffect, TurnEvent, TurnState } from '#gpu-node/turn/machine/turn-state.ts'
import { FAULT, OPTIONS } from './turn-facts.ts'

const END = { type: 'ended', status: 'cut', reason: 'hangUp', atSample: 2 } as const

describe('any sequence of events', () => {
  const ids: TurnId[] = ['trn_1', 'trn_2', 'trn_3', 'trn_4']
  const turnId = fc.constantFrom(...ids)
  const key = fc.record({ turnId, attempt: fc.integer({ min: 1, max: 4 }) })
  const text = fc.constantFrom('', '...', 'word', 'two words')
  const at = { atSample: fc.constant(1) }
  const event: fc.Arbitrary<TurnEvent> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ type: fc.constant('speechStarted' as const), turnId, ...at }) },
    fc.record({ type: fc.constant('speechInsisted' as const), turnId }),
    fc.record({ type: fc.constant('speechPaused' as const), turnId, pause: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ type: fc.constant('speechWentOn' as const), turnId }),
    fc.record({
      type: fc.constant('speechEnded' as const),
      turnId,
      ...at,
      silenceMs: fc.constant(500),
      reason: fc.constantFrom('silence' as const, 'commit' as const, 'limit' as const),
    }),
    fc.record({ type: fc.constant('speechCleared' as const), turnId, ...at }),
    fc.record({ type: fc.constant('partial' as const), turnId, text }),
    fc.record({ type: fc.constant('snapshot' as const), turnId, pause: fc.integer({ min: 1, max: 3 }), text }),
    fc.record({ type: fc.constant('transcribed' as const), turnId, text }),
    fc.record({ type: fc.constant('recognitionFailed' as const), turnId, ...at, fault: fc.constant(FAULT) }),
    { weight: 3, arbitrary: fc.record({ type: fc.constant('replyAudible' as const), reply: key }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('replyHeard' as const), reply: key }) },
    fc.record({ type: fc.constant('replyFailed' as const), reply: key, fault: fc.constant(FAULT) }),
    fc.record({ type: fc.constant('pauseLasted' as const), reply: key }),
    fc.constant({ type: 'interruptSent' as const }),
  )

  it('[TUR32] each turn that was told ends exactly once, each reply that was started is settled or dropped, all by the end', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        let state: TurnState = LISTENING
        const effects: TurnEffect[] = []
        const known = new Set<TurnId>()
        for (const each of [...events, { ...END, waits: true }, { ...END, waits: false }]) {
          // As the ear does: an id is used for one utterance only.
          if (each.type === 'speechStarted') {
            if (known.has(each.turnId)) continue
            known.add(each.turnId)
          }
          const step = reduce(state, each, OPTIONS)
          state = step.state
          effects.push(...step.effects)
        }
        expect(state).toEqual(LISTENING)
        for (const id of known) {
          const mine = effects.filter((effect) => ('turnId' in effect ? effect.turnId : undefined) === id)
          const ends = mine.filter(({ type }) => type === 'settleTurn' || type === 'forgetTurn')
          expect(ends).toHaveLength(1)
          expect(mine.filter(({ type }) => type === 'tellStarted').length).toBeLessThanOrEqual(1)
        }
        const keys = (type: 'startReply' | 'dropReply' | 'settleTurn'): string[] =>
          effects.flatMap((effect) =>
            effect.type === type && effect.reply ? [`${effect.reply.turnId}/${effect.reply.attempt}`] : [],
          )
        expect([...keys('dropReply'), ...keys('settleTurn')].toSorted()).toEqual(keys('startReply').toSorted())
      }),
      { numRuns: 2_000 },
    )
  })
})
