// The transitions of a runner of tasks: when it takes, renews, aborts and settles. Pure; task-runner.ts does the effects.
import { unreachable } from '#shared/invariant.ts'
import type { TaskId } from '#shared/ids.ts'
import type { Attempt } from './task.ts'
import type { Outcome } from './task-reduce.ts'
import type { Held, RunnerEffect, RunnerEvent, RunnerRules, RunnerState, StopReason } from './runner-state.ts'

/** A table that cannot be read is asked again after this time. */
export const RETRY_TABLE_MS = 2_000

type Reduced = { state: RunnerState; effects: RunnerEffect[] }

export function reduceRunner(before: RunnerState, event: RunnerEvent, now: number, rules: RunnerRules): Reduced {
  const { state, effects } = step(before, event, now, rules)
  const at = Math.min(state.lookAt, state.renewAt, ...[...state.held.values()].map(limitOf))
  const isQuiet = state.held.size === 0 && !state.isTaking
  return {
    state,
    effects: [
      ...effects,
      ...(at < Infinity ? [{ type: 'alarm', at } as const] : []),
      ...(isQuiet ? [{ type: 'quiet' } as const] : []),
    ],
  }
}

const limitOf = (held: Held): number => (held.stopped || held.outcome ? Infinity : held.limitAt)

function step(state: RunnerState, event: RunnerEvent, now: number, rules: RunnerRules): Reduced {
  switch (event.type) {
    case 'woken':
      return take(state, rules)
    case 'took':
      return took(state, event, now, rules)
    case 'takeFailed':
      return same({ ...state, isTaking: false, isWakeWanted: false, lookAt: now + RETRY_TABLE_MS })
    case 'renewed':
      return renewed(state, event, now, rules)
    case 'renewFailed':
      return same({ ...state, isRenewing: false, renewAt: now + RETRY_TABLE_MS })
    case 'ended':
      return ended(state, event)
    case 'settled':
    case 'unsettled':
      return take(without(state, event.attempt), rules)
    case 'rang':
      return rang(state, now, rules)
    case 'stop':
      return stop({ ...state, isStopping: true, lookAt: Infinity }, [...state.held.keys()], 'shutdown')
    case 'broken':
      return stop(
        { ...state, isTaking: false, isRenewing: false, lookAt: now + RETRY_TABLE_MS },
        [...state.held.keys()],
        'lost',
      )
    default:
      return unreachable(event)
  }
}

const same = (state: RunnerState): Reduced => ({ state, effects: [] })

function take(state: RunnerState, rules: RunnerRules): Reduced {
  const free = rules.atOnce - state.held.size
  if (state.isStopping || free <= 0) return same(state)
  if (state.isTaking) return same({ ...state, isWakeWanted: true })
  return {
    state: { ...state, isTaking: true, isWakeWanted: false, lookAt: Infinity },
    effects: [{ type: 'take', free }],
  }
}

function took(
  state: RunnerState,
  { took: { tasks, nextAt }, isFull, until }: Extract<RunnerEvent, { type: 'took' }>,
  now: number,
  rules: RunnerRules,
): Reduced {
  const held = new Map(state.held)
  for (const task of tasks) held.set(task.id, { task, heldUntil: until, limitAt: now + rules.limitMsOf(task.name) })
  const taken: RunnerState = {
    ...state,
    held,
    isTaking: false,
    isWakeWanted: false,
    lookAt: Math.max(now + 1, Math.min(nextAt ?? Infinity, now + rules.lookEveryMs)),
    renewAt: Math.min(state.renewAt, held.size > 0 ? now + rules.holdMs / 3 : Infinity),
  }
  const begun: Reduced = { state: taken, effects: tasks.map((task) => ({ type: 'begin', task })) }
  // They were taken while it was told to stop. They begin and hear of it at once, so that their hold is given back.
  if (state.isStopping) {
    const stopped = stop(
      { ...taken, lookAt: Infinity },
      tasks.map(({ id }) => id),
      'shutdown',
    )
    return { state: stopped.state, effects: [...begun.effects, ...stopped.effects] }
  }
  if (!state.isWakeWanted && !isFull) return begun
  const again = take(taken, rules)
  return { state: again.state, effects: [...begun.effects, ...again.effects] }
}

function renewed(
  state: RunnerState,
  { asked, renewed: { held, cancelled }, until }: Extract<RunnerEvent, { type: 'renewed' }>,
  now: number,
  rules: RunnerRules,
): Reduced {
  const isStill = new Set(held)
  const lost = asked.filter(({ id, attempt }) => !isStill.has(id) && state.held.get(id)?.task.attempt === attempt)
  const kept = new Map(state.held)
  for (const id of held) {
    const one = kept.get(id)
    if (one) kept.set(id, { ...one, heldUntil: until })
  }
  const renewAt = kept.size > 0 ? now + rules.holdMs / 3 : Infinity
  const first = stop(
    { ...state, held: kept, isRenewing: false, renewAt },
    lost.map(({ id }) => id),
    'lost',
  )
  const second = stop(first.state, cancelled, 'cancelled')
  return { state: second.state, effects: [...first.effects, ...second.effects] }
}

function ended(state: RunnerState, { attempt, outcome, result }: Extract<RunnerEvent, { type: 'ended' }>): Reduced {
  const held = state.held.get(attempt.id)
  if (!held || held.task.attempt !== attempt.attempt || held.outcome) return same(state)
  const judged = judge(held.stopped, outcome)
  return {
    state: replace(state, attempt.id, { ...held, outcome: judged }),
    effects: [{ type: 'settle', task: held.task, outcome: judged, result }],
  }
}

/** What was finished is done, whatever it was told meanwhile. */
function judge(stopped: StopReason | undefined, outcome: Outcome): Outcome {
  if (outcome.type === 'done' || stopped === undefined) return outcome
  if (stopped === 'cancelled') return { type: 'cancelled' }
  if (stopped === 'shutdown') return { type: 'postponed', afterMs: 0 }
  return outcome
}

function rang(state: RunnerState, now: number, rules: RunnerRules): Reduced {
  const late = [...state.held.values()].filter((held) => limitOf(held) <= now).map(({ task }) => task.id)
  const limited = stop(state, late, 'deadline')
  const renewing = renew(limited.state, now)
  const looking = renewing.state.lookAt <= now ? take(renewing.state, rules) : same(renewing.state)
  return { state: looking.state, effects: [...limited.effects, ...renewing.effects, ...looking.effects] }
}

function renew(state: RunnerState, now: number): Reduced {
  if (state.isRenewing || state.renewAt > now) return same(state)
  if (state.held.size === 0) return same({ ...state, renewAt: Infinity })
  const attempts = [...state.held.values()].map(({ task: { id, attempt } }) => ({ id, attempt }))
  return { state: { ...state, isRenewing: true, renewAt: Infinity }, effects: [{ type: 'renew', attempts }] }
}

function stop(state: RunnerState, ids: readonly TaskId[], reason: StopReason): Reduced {
  let next = state
  const effects: RunnerEffect[] = []
  for (const id of ids) {
    const held = next.held.get(id)
    if (!held || held.stopped || held.outcome) continue
    next = replace(next, id, { ...held, stopped: reason })
    effects.push({ type: 'abort', id, reason })
  }
  return { state: next, effects }
}

const replace = (state: RunnerState, id: TaskId, held: Held): RunnerState => ({
  ...state,
  held: new Map(state.held).set(id, held),
})

function without(state: RunnerState, { id, attempt }: Attempt): RunnerState {
  if (state.held.get(id)?.task.attempt !== attempt) return state
  const held = new Map(state.held)
  held.delete(id)
  return { ...state, held }
}
