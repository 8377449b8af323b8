// Runs tasks of a table: takes them, begins them, renews its hold, and writes how they ended. One runner a process (the
// edge on Node, the GPU node) or object (Workers). The host wakes it, and calls alarm() at the time that it asked for.
// What it may do when is runner-reduce.ts. Knows no SQL and no runtime.
import * as v from 'valibot'
import type { Clock } from '#shared/clock.ts'
import { faultOf } from '#shared/fault.ts'
import type { TaskId } from '#shared/ids.ts'
import { unreachable } from '#shared/invariant.ts'
import type { Log } from '#shared/log.ts'
import { Machine } from '#shared/machine.ts'
import { DEFAULT_PAUSES } from './pause.ts'
import { reduceRunner } from './runner-reduce.ts'
import { IDLE, type RunnerEffect, type RunnerEvent, type RunnerState } from './runner-state.ts'
import type { TaskSchedule } from './schedule.ts'
import type { Attempt, TakenTask, TaskError } from './task.ts'
import { HOLD_MS, HopelessTask, PostponedTask, type QueueRules, type TaskContext, type TaskKind } from './task-kind.ts'
import type { Outcome } from './task-reduce.ts'
import type { PlannedTask, TaskTable, Took } from './task-table.ts'

export interface EndedAttempt {
  name: string
  attempt: number
  outcome: Outcome['type']
  tookMs: number
  /** Since it was planned. */
  waitedMs: number
}

export interface RunnerParts {
  table: TaskTable
  kinds: readonly TaskKind[]
  queues: readonly QueueRules[]
  schedules?: readonly TaskSchedule[]
  clock: Clock
  log: Log
  /** Calls alarm() then, or earlier. A later call replaces an earlier one. */
  setAlarm(at: number): void
  /** Called after each attempt, for figures. */
  onEnded?: (ended: EndedAttempt) => void
  /** Tasks that it holds at once; as many as all its queues where it is not given, so that no queue waits for another. */
  atOnce?: number
  holdMs?: number
  lookEveryMs?: number
  random?: () => number
}

const LOOK_EVERY_MS = 5_000
/** A kind that this version does not know is left for one that does. */
const UNKNOWN_KIND_MS = 60_000
const TRACE_CHARS = 2_000
const SETTLE_TRIES = 3
const SETTLE_PAUSE_MS = 500

export class TaskRunner {
  readonly #parts: RunnerParts
  readonly #kinds: ReadonlyMap<string, TaskKind>
  readonly #planned: PlannedTask[]
  readonly #machine: Machine<RunnerState, RunnerEvent, RunnerEffect>
  readonly #aborts = new Map<TaskId, AbortController>()
  readonly #progress = new Map<TaskId, number>()
  readonly #holdMs: number
  readonly #random: () => number
  #planAt = 0
  #onQuiet: (() => void)[] = []

  constructor(parts: RunnerParts) {
    this.#parts = parts
    const { clock, log, kinds, holdMs = HOLD_MS, lookEveryMs = LOOK_EVERY_MS } = parts
    const atOnce = parts.atOnce ?? parts.queues.reduce((sum, queue) => sum + queue.atOnce, 0)
    this.#holdMs = holdMs
    this.#random = parts.random ?? Math.random
    this.#kinds = new Map(kinds.map((kind) => [kind.name, kind]))
    this.#planned = (parts.schedules ?? []).map((schedule) => this.#plannedOf(schedule))
    const rules = { atOnce, holdMs, lookEveryMs, limitMsOf: (name: string) => this.#kinds.get(name)?.limitMs ?? holdMs }
    this.#machine = new Machine<RunnerState, RunnerEvent, RunnerEffect>({
      state: IDLE,
      reduce: (state, event) => reduceRunner(state, event, clock.now(), rules),
      perform: (effect) => this.#perform(effect),
      ending: { type: 'broken' },
      onBroken: (error) => log.error({ error }, 'a runner of tasks is broken'),
    })
  }

  /** Something may be there to be taken. */
  wake(): void {
    this.#machine.dispatch({ type: 'woken' })
  }

  alarm(): void {
    this.#machine.dispatch({ type: 'rang' })
  }

  get heldCount(): number {
    return this.#machine.state.held.size
  }

  /** When it wants to be woken, by what it knows now. */
  get nextAt(): number {
    const { lookAt, renewAt } = this.#machine.state
    return Math.min(lookAt, renewAt)
  }

  /** Resolves when it holds nothing and takes nothing. */
  quiet(): Promise<void> {
    const { held, isTaking } = this.#machine.state
    if (held.size === 0 && !isTaking) return Promise.resolve()
    return new Promise((resolve) => this.#onQuiet.push(resolve))
  }

  /** Takes no more. What runs is told to stop, and is given back to be taken at once by whoever comes next. */
  async stop(): Promise<void> {
    this.#machine.dispatch({ type: 'stop' })
    await this.quiet()
  }

  #perform(effect: RunnerEffect): void {
    switch (effect.type) {
      case 'take':
        return this.#follow(this.#take(effect.free), { type: 'takeFailed' }, 'cannot take tasks')
      case 'begin':
        return this.#follow(this.#begin(effect.task), { type: 'unsettled', attempt: effect.task }, 'a task broke')
      case 'abort':
        return this.#aborts.get(effect.id)?.abort(effect.reason)
      case 'settle':
        return this.#follow(this.#settle(effect), { type: 'unsettled', attempt: effect.task }, 'cannot settle a task')
      case 'renew':
        return this.#follow(this.#renew(effect.attempts), { type: 'renewFailed' }, 'cannot renew the hold of tasks')
      case 'alarm':
        return this.#parts.setAlarm(effect.at)
      case 'quiet':
        for (const done of this.#onQuiet.splice(0)) done()
        return
      default:
        return unreachable(effect)
    }
  }

  /** Each step ends as an event, also where it fails. */
  #follow(step: Promise<RunnerEvent>, failed: RunnerEvent, words: string): void {
    step.then(
      (event) => this.#machine.dispatch(event),
      (error: unknown) => {
        this.#parts.log.error({ error, fault: faultOf(error) }, words)
        this.#machine.dispatch(failed)
      },
    )
  }

  async #take(free: number): Promise<RunnerEvent> {
    const { table, queues, clock } = this.#parts
    const planAt = await this.#plan()
    const open = await Promise.all(queues.map(async ({ isOpen }) => isOpen === undefined || (await isOpen())))
    const wanted = queues
      .filter((_, at) => open[at])
      .map(({ name: queue, atOnce, atOnceOfUser }) => ({ queue, atOnce, atOnceOfUser, limit: Math.min(free, atOnce) }))
    const now = clock.now()
    const until = now + this.#holdMs
    const found: Took = await table.take(fairShares(wanted, free), { now, until })
    const nextAt = Math.min(found.nextAt ?? Infinity, planAt)
    // A queue that gave all that was asked for may have more.
    const isFull = found.tasks.length > 0 && found.tasks.length >= free
    return { type: 'took', took: { tasks: found.tasks, nextAt }, isFull, until }
  }

  /** Looks at schedules only when one is due, and at least once a minute: somebody may have changed the table. */
  async #plan(): Promise<number> {
    const now = this.#parts.clock.now()
    if (this.#planned.length === 0 || now < this.#planAt) return this.#planned.length === 0 ? Infinity : this.#planAt
    const nextAt = await this.#parts.table.plan(this.#planned, now)
    this.#planAt = Math.min(nextAt ?? Infinity, now + 60_000)
    return this.#planAt
  }

  async #renew(attempts: Attempt[]): Promise<RunnerEvent> {
    const now = this.#parts.clock.now()
    const until = now + this.#holdMs
    const held = attempts.map((one) => ({ ...one, progress: this.#progress.get(one.id) ?? 0 }))
    return { type: 'renewed', asked: attempts, renewed: await this.#parts.table.renew(held, { now, until }), until }
  }

  async #begin(task: TakenTask): Promise<RunnerEvent> {
    const abort = new AbortController()
    this.#aborts.set(task.id, abort)
    const startedAt = this.#parts.clock.now()
    let result: unknown
    let outcome: Outcome = { type: 'done' }
    try {
      result = await this.#run(task, abort.signal)
    } catch (error) {
      outcome = this.#outcomeOf(error, task)
    }
    const { clock } = this.#parts
    this.#parts.onEnded?.({
      name: task.name,
      attempt: task.attempt,
      outcome: outcome.type,
      tookMs: clock.now() - startedAt,
      waitedMs: startedAt - task.createdAt,
    })
    return { type: 'ended', attempt: { id: task.id, attempt: task.attempt }, outcome, result }
  }

  async #run(task: TakenTask, signal: AbortSignal): Promise<unknown> {
    const kind = this.#kinds.get(task.name)
    if (!kind) throw new PostponedTask(UNKNOWN_KIND_MS)
    const { id, attempt, attempts } = task
    const parsed = v.safeParse(kind.payload, task.payload)
    if (!parsed.success) throw new HopelessTask('its payload cannot be read')
    const context: TaskContext = {
      task,
      attempt: { id, attempt },
      signal,
      progress: (share) => void this.#progress.set(id, Math.min(1, Math.max(0, share))),
    }
    // Its holders vanished without a word, so it probably kills who works on it.
    if (attempt > attempts)
      return await this.#giveUp(kind, parsed.output, context, new HopelessTask('its holders vanished'))
    try {
      return await untilAborted(kind.run(parsed.output, context), signal)
    } catch (error) {
      const isLast = attempt >= attempts || error instanceof HopelessTask
      const isStopped = signal.aborted && signal.reason !== 'deadline'
      if (!isLast || isStopped || error instanceof PostponedTask) throw error
      return await this.#giveUp(kind, parsed.output, context, error)
    }
  }

  async #giveUp(kind: TaskKind, payload: unknown, context: TaskContext, error: unknown): Promise<never> {
    await kind.gaveUp?.(payload, context)
    throw error instanceof HopelessTask ? error : Object.assign(new HopelessTask(messageOf(error)), { cause: error })
  }

  #outcomeOf(error: unknown, { id, name, attempt }: TakenTask): Outcome {
    if (error instanceof PostponedTask) return { type: 'postponed', afterMs: error.afterMs }
    const cause = error instanceof HopelessTask && error.cause !== undefined ? error.cause : error
    this.#parts.log.warn({ taskId: id, name, attempt, fault: faultOf(cause), error: cause }, 'a task failed')
    return { type: 'failed', error: errorOf(cause), isHopeless: error instanceof HopelessTask }
  }

  async #settle({ task, outcome, result }: Extract<RunnerEffect, { type: 'settle' }>): Promise<RunnerEvent> {
    const { table, clock } = this.#parts
    const { id, attempt, attempts } = task
    const kind = this.#kinds.get(task.name)
    const pauses = kind?.pauses ?? DEFAULT_PAUSES
    this.#aborts.delete(id)
    this.#progress.delete(id)
    for (let tries = 1; ; tries++) {
      try {
        await table.settle(
          { id, attempt, attempts },
          { outcome, result, now: clock.now(), pauses, random: this.#random() },
        )
        return { type: 'settled', attempt: { id, attempt } }
      } catch (error) {
        if (tries === SETTLE_TRIES) throw error
        await clock.sleep(SETTLE_PAUSE_MS)
      }
    }
  }

  #plannedOf(schedule: TaskSchedule): PlannedTask {
    const kind = this.#kinds.get(schedule.task)
    if (!kind) throw new Error(`schedule ${schedule.name} names no kind of task: ${schedule.task}`)
    return { schedule, queue: kind.queue, priority: kind.priority, attempts: kind.attempts }
  }
}

/** No queue is asked for more than is free in all, and each for at least one. */
function fairShares<T extends { limit: number }>(wanted: readonly T[], free: number): T[] {
  let left = free
  return wanted.flatMap((one) => {
    const limit = Math.min(one.limit, left)
    left -= limit
    return limit > 0 ? [{ ...one, limit }] : []
  })
}

/** Work that does not hear its signal is left alone: its hold is given back, and its effects are fenced by its attempt. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new Error(`stopped: ${String(signal.reason)}`))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function errorOf(error: unknown): TaskError {
  const trace = error instanceof Error ? (error.stack ?? '') : ''
  return { code: faultOf(error).code, message: messageOf(error).slice(0, 500), trace: trace.slice(0, TRACE_CHARS) }
}
