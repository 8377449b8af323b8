// The transitions of a task, by chance: whatever happens in whatever order, these hold.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEFAULT_PAUSES, pauseMs } from '#shared/tasks/pause.ts'
import { isOver } from '#shared/tasks/task.ts'
import { reduceTask, type Outcome, type TaskEvent, type TaskFacts } from '#shared/tasks/task-reduce.ts'

const NEW: TaskFacts = {
  state: 'queued',
  attempt: 0,
  attempts: 3,
  runAfter: 0,
  takenUntil: null,
  cancelAt: null,
  error: null,
  endedAt: null,
  expiresAt: null,
}
const error = { code: 'internal', message: 'no', trace: '' }
const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constant<Outcome>({ type: 'done' }),
  fc.boolean().map((isHopeless): Outcome => ({ type: 'failed', error, isHopeless })),
  fc.nat(5_000).map((afterMs): Outcome => ({ type: 'postponed', afterMs })),
  fc.constant<Outcome>({ type: 'cancelled' }),
)
const attempt = fc.integer({ min: 0, max: 6 })
const event: fc.Arbitrary<TaskEvent> = fc.oneof(
  fc.nat(60_000).map((until): TaskEvent => ({ type: 'taken', until })),
  fc.tuple(attempt, fc.nat(60_000)).map(([by, until]): TaskEvent => ({ type: 'renewed', attempt: by, until })),
  fc.tuple(attempt, outcome).map(([by, how]): TaskEvent => ({ type: 'ended', attempt: by, outcome: how })),
  fc.constantFrom<TaskEvent>({ type: 'lapsed' }, { type: 'cancel' }, { type: 'retry' }),
)
const story = fc.array(fc.tuple(event, fc.nat(20_000)), { maxLength: 40 })

function tell(
  events: readonly (readonly [TaskEvent, number])[],
  look: (before: TaskFacts, after: TaskFacts, event: TaskEvent, now: number) => void,
) {
  let [task, now] = [NEW, 0]
  for (const [one, ms] of events) {
    now += ms
    // Whoever takes it does so for a while from now.
    const real = one.type === 'taken' || one.type === 'renewed' ? { ...one, until: now + one.until + 1 } : one
    const after = reduceTask(task, real, { now, pauses: DEFAULT_PAUSES, random: 0.5 })
    look(task, after, real, now)
    task = after
  }
}

describe('a task', () => {
  it('[TSK1] the number of an attempt never falls, and an older attempt changes nothing', () => {
    fc.assert(
      fc.property(story, (events) =>
        tell(events, (before, after, one) => {
          expect(after.attempt).toBeGreaterThanOrEqual(before.attempt)
          const isOlder = (one.type === 'ended' || one.type === 'renewed') && one.attempt !== before.attempt
          if (isOlder) expect(after).toBe(before)
          if (after.attempt > before.attempt) expect([one.type, after.state]).toEqual(['taken', 'taken'])
        }),
      ),
    )
  })

  it('[TSK1] what belongs to a state is there in this state alone', () => {
    fc.assert(
      fc.property(story, (events) =>
        tell(events, (_before, after) => {
          expect(after.takenUntil !== null).toBe(after.state === 'taken')
          expect(after.endedAt !== null).toBe(isOver(after.state))
          expect(after.expiresAt !== null).toBe(isOver(after.state))
          if (after.cancelAt !== null) expect(after.state).toBe('taken')
        }),
      ),
    )
  })

  it('[TSK2] what is over stays over until somebody wants it to be tried again, and only the wish brings it back', () => {
    fc.assert(
      fc.property(story, (events) =>
        tell(events, (before, after, one) => {
          if (isOver(before.state) && one.type !== 'retry') expect(after).toBe(before)
        }),
      ),
    )
  })

  it('[TSK2] nothing is taken before its time, and nothing that is held is held by two', () => {
    fc.assert(
      fc.property(story, (events) =>
        tell(events, (before, after, one, now) => {
          if (one.type !== 'taken' || after === before) return
          expect(before.state === 'queued' || before.state === 'failed').toBe(true)
          expect(before.runAfter).toBeLessThanOrEqual(now)
        }),
      ),
    )
  })

  it('[TSK2] pauses grow up to the longest, and chance makes them only longer, by a quarter at most', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.double({ min: 0, max: 1, noNaN: true }), (n, random) => {
        const bare = pauseMs(n, DEFAULT_PAUSES, 0)
        expect(bare).toBeLessThanOrEqual(DEFAULT_PAUSES.longestMs)
        expect(bare).toBeGreaterThanOrEqual(pauseMs(Math.max(1, n - 1), DEFAULT_PAUSES, 0))
        expect(pauseMs(n, DEFAULT_PAUSES, random)).toBeGreaterThanOrEqual(bare)
        expect(pauseMs(n, DEFAULT_PAUSES, random)).toBeLessThanOrEqual(Math.round(bare * 1.25))
      }),
    )
  })
})
