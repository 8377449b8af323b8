// The machine under rooms, turns, links and processes: the order of events, and how a bug ends what is under way.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Machine, MAX_WAITING_EVENTS, type MachineParts } from '#shared/machine.ts'

type Event = { type: 'say'; words: string[] } | { type: 'end' }
type Effect = string

/** Effects are words; what a word does when it is performed is told by `does`. */
function world(does: Record<string, () => void> = {}, parts: Partial<MachineParts<number, Event, Effect>> = {}) {
  const done: string[] = []
  const bugs: string[] = []
  const machine = new Machine<number, Event, Effect>({
    state: 0,
    reduce: (state, event) => ({
      state: state + 1,
      effects: event.type === 'say' ? event.words : ['release', 'record', 'leave'],
    }),
    perform: (word) => {
      does[word]?.()
      done.push(word)
    },
    ending: { type: 'end' },
    onBroken: (error) => bugs.push(String(error)),
    ...parts,
  })
  return { machine, done, bugs, say: (...words: string[]) => machine.dispatch({ type: 'say', words }) }
}

const breaks = (what: string) => (): never => {
  throw new Error(what)
}

describe('a machine', () => {
  it('[MCH1] performs all effects of an event before the next event, also of one that an effect dispatches', () => {
    const { done, say } = world({ a: () => say('c') })
    say('a', 'b')
    expect(done).toEqual(['a', 'b', 'c'])
  })

  it('[MCH1] tells of a new state before its effects, and of each step after them', () => {
    const told: string[] = []
    const { machine, say } = world(
      { a: () => told.push('effect') },
      { onChange: (state, before) => told.push(`${before} to ${state}`), onStep: () => told.push('step') },
    )
    say('a')
    expect(told).toEqual(['0 to 1', 'effect', 'step'])
    expect(machine.state).toBe(1)
  })

  it('[MCH2] a bug in an effect drops the rest of it and what waits, and the ending is performed', () => {
    const { done, bugs, say } = world({ a: () => say('never'), b: breaks('b') })
    say('a', 'b', 'c')
    expect(done).toEqual(['a', 'release', 'record', 'leave'])
    expect(bugs).toEqual(['Error: b'])
  })

  it.each(['release', 'record', 'leave'])('[MCH2] a bug in the effect %s of the ending keeps no other back', (word) => {
    const { done, bugs, say } = world({ a: breaks('a'), [word]: breaks(word) })
    say('a')
    expect(done).toEqual(['release', 'record', 'leave'].filter((one) => one !== word))
    expect(bugs).toEqual(['Error: a', `Error: ${word}`])
  })

  it('[MCH2] bugs in the reducer and in what follows a step end what is under way, too', () => {
    for (const part of ['onChange', 'onStep'] as const) {
      let isFirst = true
      const { done, bugs, say } = world(
        {},
        {
          [part]: () => {
            if (!isFirst) return
            isFirst = false
            throw new Error(part)
          },
        },
      )
      say('a')
      expect(done.slice(-3)).toEqual(['release', 'record', 'leave'])
      expect(bugs).toEqual([`Error: ${part}`])
    }
  })

  it('[MCH2] takes the events that the ending makes, and those after it', () => {
    const { done, say } = world({ a: breaks('a'), release: () => say('freed') })
    say('a')
    say('later')
    expect(done).toEqual(['release', 'record', 'leave', 'freed', 'later'])
  })

  it('[MCH2] the report of a bug may break without harm', () => {
    const { done, say } = world({ a: breaks('a') }, { onBroken: breaks('report') })
    say('a')
    expect(done).toEqual(['release', 'record', 'leave'])
  })

  it('[MCH3] a bug in guarded work ends what is under way; inside an effect the step around it does', () => {
    const { machine, done, bugs, say } = world({ a: () => machine.guard(breaks('inner')) })
    machine.guard(breaks('outer'))
    expect(done).toEqual(['release', 'record', 'leave'])
    say('a', 'b')
    expect(done).toEqual(['release', 'record', 'leave', 'release', 'record', 'leave'])
    expect(bugs).toEqual(['Error: outer', 'Error: inner'])
  })

  it('[MCH4] where even the ending cannot be reduced, the owner is told once for each bug, and later events are taken', () => {
    let stuck = 0
    let isBroken = true
    const { machine, bugs } = world(
      {},
      {
        reduce: (state) => {
          if (isBroken) throw new Error('reduce')
          return { state: state + 1, effects: [] }
        },
        onStuck: () => stuck++,
      },
    )
    machine.dispatch({ type: 'end' })
    expect(stuck).toBe(1)
    expect(bugs).toEqual(['Error: reduce', 'Error: reduce'])
    isBroken = false
    machine.dispatch({ type: 'end' })
    expect(machine.state).toBe(1)
  })

  it('[MCH5] events without end are a bug, not a full memory', () => {
    const { done, bugs, say } = world({ a: () => Array.from({ length: MAX_WAITING_EVENTS + 1 }, () => say('b')) })
    say('a')
    expect(done).toEqual(['release', 'record', 'leave'])
    expect(bugs).toEqual(['Error: a machine makes events without end'])
  })

  it('[MCH2] whichever effects break, the ending is attempted whole after each bug, and no bug escapes', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.boolean(), { maxLength: 4 }), { maxLength: 6 }), (events) => {
        const attempted: string[] = []
        const { bugs, say } = world(
          {},
          {
            perform: (word) => {
              attempted.push(word)
              if (word === 'broken') throw new Error(word)
            },
          },
        )
        for (const effects of events) say(...effects.map((isWell) => (isWell ? 'well' : 'broken')))
        const broken = events.filter((effects) => effects.includes(false)).length
        expect(bugs).toHaveLength(broken)
        expect(attempted.filter((word) => word === 'leave')).toHaveLength(broken)
        const performed = events.flatMap((effects) => {
          const first = effects.indexOf(false)
          return first < 0 ? effects : effects.slice(0, first + 1)
        })
        expect(attempted.filter((word) => word === 'well' || word === 'broken')).toHaveLength(performed.length)
      }),
    )
  })
})
