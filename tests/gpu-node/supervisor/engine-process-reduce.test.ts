// The states of a managed engine, as a table; then what they promise whatever happens.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reduceProcess } from '#gpu-node/supervisor/engine-process-reduce.ts'
import {
  CRASH_WINDOW_MS,
  engineStateOf,
  HEALTHY_AFTER_MS,
  NOT_STARTED,
  type Phase,
  type ProcessEvent,
  type ProcessState,
} from '#gpu-node/supervisor/engine-process-state.ts'

const NOW = 10_000_000
const PHASES: Phase[] = [
  { type: 'stopped' },
  { type: 'queued' },
  { type: 'preflight' },
  { type: 'starting', startedAt: NOW - 1_000 },
  { type: 'warming', startedAt: NOW - 1_000 },
  { type: 'ready', since: NOW - 1_000, misses: 2 },
  { type: 'stopping', wasAsked: true, isWanted: false },
  { type: 'stopping', wasAsked: true, isWanted: true },
  { type: 'stopping', wasAsked: false, isWanted: true },
  { type: 'backoff', until: NOW + 1_000 },
  { type: 'failed' },
]
const crash: ProcessEvent = { type: 'exited', cause: 'crash', reason: 'exit code 1' }
const memory: ProcessEvent = { type: 'exited', cause: 'memory', reason: 'exit code 1' }

const step = (state: ProcessState, event: ProcessEvent, now = NOW) => reduceProcess(state, event, { now, random: 0.5 })
const at = (phase: Phase, more: Partial<ProcessState> = {}): ProcessState => ({ ...NOT_STARTED, phase, ...more })
const outcome = (phase: Phase, event: ProcessEvent): string => {
  const { state, effects } = step(at(phase), event)
  return [state.phase.type, ...effects.map(({ type }) => type)].join(' ')
}

describe('engine-process-reduce', () => {
  it('[SUP1] an engine goes from state to state by this table and no other way', () => {
    const events: Record<string, ProcessEvent> = {
      start: { type: 'start' },
      stop: { type: 'stop' },
      admitted: { type: 'admitted' },
      cleared: { type: 'cleared' },
      blocked: { type: 'blocked', reason: 'full' },
      unable: { type: 'unable', reason: 'no such program' },
      alive: { type: 'alive' },
      answered: { type: 'answered' },
      late: { type: 'late', reason: 'late' },
      beat: { type: 'beat' },
      missed: { type: 'missed' },
      crash,
      memory,
      due: { type: 'due' },
      broke: { type: 'broke' },
    }
    // What an event changes, by the name of the phase; where none is named, nothing happens.
    const changes = Object.fromEntries(
      Object.entries(events).map(([name, event]) => [
        name,
        PHASES.map((phase, i) => [i, phase.type, outcome(phase, event)] as const)
          .filter(([, before, after]) => before !== after)
          .map(([i, before, after]) => `${i} ${before} > ${after}`),
      ]),
    )
    const ended = (phases: string[]): string[] => phases.map((phase) => `${phase} > backoff wait`)
    const exits = [
      ...ended(['3 starting', '4 warming', '5 ready']),
      '6 stopping > stopped',
      '7 stopping > queued enterGate',
      ...ended(['8 stopping']),
    ]
    expect(changes).toEqual({
      start: ['0 stopped > queued enterGate', '10 failed > queued enterGate'],
      stop: [
        '1 queued > stopped',
        '2 preflight > stopped',
        '3 starting > stopping endTree',
        '4 warming > stopping endTree',
        '5 ready > stopping endTree',
        '9 backoff > stopped',
        '10 failed > stopped',
      ],
      admitted: ['1 queued > preflight preflight'],
      cleared: ['2 preflight > starting spawn'],
      blocked: ['2 preflight > backoff wait'],
      unable: ['3 starting > failed'],
      alive: ['3 starting > warming probe'],
      answered: ['4 warming > ready watch'],
      late: ['3 starting > stopping endTree', '4 warming > stopping endTree'],
      beat: [],
      missed: ['5 ready > stopping endTree'],
      crash: exits,
      memory: exits,
      due: ['9 backoff > queued enterGate'],
      broke: PHASES.map(({ type }, i) => `${i} ${type} > ${type === 'stopped' ? 'stopped' : 'failed'} endTree`),
    })
  })

  it('[SUP2] an engine is degraded while it misses answers, ready again when it answers, and ended after three in a row', () => {
    let state = at({ type: 'ready', since: NOW, misses: 0 })
    const after = (type: 'beat' | 'missed') => {
      state = step(state, { type }).state
      return engineStateOf(state)
    }
    expect([after('missed'), after('missed'), after('beat')]).toEqual(['degraded', 'degraded', 'ready'])
    expect([after('missed'), after('missed'), after('missed')]).toEqual(['degraded', 'degraded', 'stopping'])
    expect(state.reason).toBe('did not answer 3 times in a row')
  })

  it('[SUP3] the waits before a restart are 1, 2, 4 … 60 s with ±25 %, and begin anew after 5 minutes of readiness', () => {
    const waitAfter = (tries: number, random: number, readyForMs = 0) => {
      const phase = { type: 'ready', since: NOW - readyForMs, misses: 0 } as const
      const { effects } = reduceProcess(at(phase, { tries }), crash, { now: NOW, random })
      return effects.map((effect) => (effect.type === 'wait' ? effect.delayMs : undefined))
    }
    expect([0, 1, 2, 3, 4, 5, 6, 7, 99].flatMap((tries) => waitAfter(tries, 0.5))).toEqual(
      [1, 2, 4, 8, 16, 32, 60, 60, 60].map((s) => s * 1_000),
    )
    expect([waitAfter(2, 0), waitAfter(2, 1)]).toEqual([[3_000], [5_000]])
    expect(waitAfter(6, 0.5, HEALTHY_AFTER_MS - 1)).toEqual([60_000])
    expect(waitAfter(6, 0.5, HEALTHY_AFTER_MS)).toEqual([1_000])
  })

  it('[SUP4] five crashes in ten minutes end it for good, with the reason; ends for want of memory are no crashes', () => {
    const crashes = [4, 3, 2, 1].map((i) => NOW - i * 60_000)
    const warming = at({ type: 'warming', startedAt: NOW }, { crashes })
    expect(step(warming, crash).state).toMatchObject({
      phase: { type: 'failed' },
      reason: 'ended 5 times in 10 minutes and is not started again; last: exit code 1',
    })
    expect(step(warming, memory).state.phase.type).toBe('backoff')
    const old = { ...warming, crashes: [NOW - CRASH_WINDOW_MS, ...crashes.slice(1)] }
    expect(step(old, crash).state.phase.type).toBe('backoff')
    expect(step(step(warming, crash).state, { type: 'start' }).state).toMatchObject({ crashes: [], tries: 0 })
  })

  it('[SUP4] whatever happens, it is never started beside itself, and a crash list stays within its bound', () => {
    const events: ProcessEvent[] = [
      ...(['start', 'stop', 'admitted', 'cleared', 'alive', 'answered', 'beat', 'missed', 'due'] as const).map(
        (type) => ({ type }),
      ),
      { type: 'late', reason: 'late' },
      { type: 'blocked', reason: 'full' },
      crash,
      memory,
    ]
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...events), fc.nat(100_000)), { maxLength: 200 }), (steps) => {
        let state = NOT_STARTED
        let now = 0
        let isRunning = false
        for (const [event, ms] of steps) {
          now += ms
          // A process ends only where there is one.
          if (event.type === 'exited' && !isRunning) continue
          if (event.type === 'exited') isRunning = false
          const { state: next, effects } = step(state, event, now)
          for (const { type } of effects) {
            if (type === 'spawn') expect(isRunning).toBe(false)
            if (type === 'spawn') isRunning = true
          }
          state = next
          expect(state.crashes.length).toBeLessThanOrEqual(5)
          expect(isRunning).toBe(['starting', 'warming', 'ready', 'stopping'].includes(state.phase.type))
        }
      }),
    )
  })
})
