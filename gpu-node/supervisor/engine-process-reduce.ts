// What each event makes of an engine's process. Pure: time and chance are passed in.
import { restartDelayMs } from '#shared/backoff.ts'
import { unreachable } from '#shared/invariant.ts'
import {
  CRASH_WINDOW_MS,
  HEALTHY_AFTER_MS,
  MAX_CRASHES,
  MEMORY_WAIT_MS,
  MISSES_UNTIL_DEAD,
  type Phase,
  type ProcessEffect,
  type ProcessEvent,
  type ProcessState,
} from './engine-process-state.ts'

export interface ProcessStep {
  state: ProcessState
  effects: ProcessEffect[]
}

export interface ProcessRule {
  now: number
  /** From 0 to 1, for the jitter. */
  random: number
}

type EventOf<T extends ProcessEvent['type']> = Extract<ProcessEvent, { type: T }>

export function reduceProcess(state: ProcessState, event: ProcessEvent, rule: ProcessRule): ProcessStep {
  switch (event.type) {
    case 'start':
      return start(state)
    case 'stop':
      return stop(state)
    case 'blocked':
    case 'unable':
    case 'late':
      return hindered(state, event, rule)
    case 'beat':
    case 'missed':
      return judge(state, event)
    case 'exited':
      return exited(state, event, rule)
    case 'broke':
      return broke(state)
    default:
      return forward(state, event, rule)
  }
}

/** The way from the wish to the first answer. */
function forward(
  state: ProcessState,
  event: EventOf<'due' | 'admitted' | 'cleared' | 'alive' | 'answered'>,
  { now }: ProcessRule,
): ProcessStep {
  const { phase } = state
  if (event.type === 'due' && phase.type === 'backoff') return queue(state)
  if (event.type === 'admitted' && phase.type === 'queued')
    return to(state, { type: 'preflight' }, { type: 'preflight' })
  if (event.type === 'cleared' && phase.type === 'preflight')
    return to(state, { type: 'starting', startedAt: now }, { type: 'spawn' })
  if (event.type === 'alive' && phase.type === 'starting')
    return to(state, { type: 'warming', startedAt: phase.startedAt }, { type: 'probe' })
  if (event.type === 'answered' && phase.type === 'warming')
    return to({ ...state, reason: undefined }, { type: 'ready', since: now, misses: 0 }, { type: 'watch' })
  return unchanged(state)
}

function hindered(
  state: ProcessState,
  event: EventOf<'blocked' | 'unable' | 'late'>,
  { now }: ProcessRule,
): ProcessStep {
  const { type } = state.phase
  const { reason } = event
  // No room, or something of an earlier run that does not go: nobody's crash.
  if (event.type === 'blocked' && type === 'preflight') return wait({ ...state, reason }, MEMORY_WAIT_MS, now)
  if (event.type === 'unable' && type === 'starting') return to({ ...state, reason }, { type: 'failed' })
  if (event.type === 'late' && (type === 'starting' || type === 'warming')) return endHung(state, reason)
  return unchanged(state)
}

function start(state: ProcessState): ProcessStep {
  switch (state.phase.type) {
    case 'stopped':
    case 'failed':
      // A person asked: he has looked, and counting begins anew.
      return queue({ ...state, crashes: [], tries: 0, reason: undefined })
    case 'stopping':
      return to(state, { ...state.phase, isWanted: true })
    default:
      return unchanged(state)
  }
}

function stop(state: ProcessState): ProcessStep {
  switch (state.phase.type) {
    case 'stopped':
      return unchanged(state)
    case 'queued':
    case 'preflight':
    case 'backoff':
    case 'failed':
      return to({ ...state, reason: undefined }, { type: 'stopped' })
    case 'stopping':
      return to(state, { ...state.phase, isWanted: false })
    case 'starting':
    case 'warming':
    case 'ready':
      return to(
        { ...state, reason: undefined },
        { type: 'stopping', wasAsked: true, isWanted: false },
        { type: 'endTree' },
      )
    default:
      return unreachable(state.phase)
  }
}

function exited(state: ProcessState, { cause, reason }: EventOf<'exited'>, { now, random }: ProcessRule): ProcessStep {
  const { phase } = state
  if (!['starting', 'warming', 'ready', 'stopping'].includes(phase.type)) return unchanged(state)
  if (phase.type === 'stopping' && !phase.isWanted) return to({ ...state, reason: undefined }, { type: 'stopped' })
  if (phase.type === 'stopping' && phase.wasAsked) return queue(state)
  // A tree that was ended because it hung keeps that as its reason: how it then ended says less.
  const why = phase.type === 'stopping' ? (state.reason ?? reason) : reason
  const wasHealthy = phase.type === 'ready' && now - phase.since >= HEALTHY_AFTER_MS
  const tries = wasHealthy ? 0 : state.tries
  const recent = state.crashes.filter((at) => now - at < CRASH_WINDOW_MS)
  const crashes = cause === 'crash' ? [...recent, now] : recent
  if (crashes.length >= MAX_CRASHES) {
    const loop = `ended ${crashes.length} times in ${CRASH_WINDOW_MS / 60_000} minutes and is not started again; last: ${why}`
    return to({ ...state, crashes, tries, reason: loop }, { type: 'failed' })
  }
  const delayMs = restartDelayMs(tries, random)
  return wait({ ...state, crashes, tries: tries + 1, reason: why }, delayMs, now)
}

/** It is not started again until a person has looked. What is stopped stays so. */
function broke(state: ProcessState): ProcessStep {
  if (state.phase.type === 'stopped') return { state, effects: [{ type: 'endTree' }] }
  return to({ ...state, reason: 'a bug in the supervisor' }, { type: 'failed' }, { type: 'endTree' })
}

function judge(state: ProcessState, { type }: EventOf<'beat' | 'missed'>): ProcessStep {
  const { phase } = state
  if (phase.type !== 'ready') return unchanged(state)
  if (type === 'beat') return phase.misses === 0 ? unchanged(state) : to(state, { ...phase, misses: 0 })
  const misses = phase.misses + 1
  if (misses >= MISSES_UNTIL_DEAD) return endHung(state, `did not answer ${misses} times in a row`)
  return to(state, { ...phase, misses })
}

const queue = (state: ProcessState): ProcessStep => to(state, { type: 'queued' }, { type: 'enterGate' })

const wait = (state: ProcessState, delayMs: number, now: number): ProcessStep =>
  to(state, { type: 'backoff', until: now + delayMs }, { type: 'wait', delayMs })

const endHung = (state: ProcessState, reason: string): ProcessStep =>
  to({ ...state, reason }, { type: 'stopping', wasAsked: false, isWanted: true }, { type: 'endTree' })

const to = (state: ProcessState, phase: Phase, ...effects: ProcessEffect[]): ProcessStep => ({
  state: { ...state, phase },
  effects,
})
const unchanged = (state: ProcessState): ProcessStep => ({ state, effects: [] })
