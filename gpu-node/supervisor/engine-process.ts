// Runs one managed engine: performs the effects of engine-process-reduce.ts. What a phase began ends with the phase. Used by
// Supervisor; knows no other engine, except that it waits at the gate.
import type { Clock } from '#shared/clock.ts'
import { unreachable } from '#shared/invariant.ts'
import type { Log } from '#shared/log.ts'
import { Machine } from '#shared/machine.ts'
import type { EngineState } from '#shared/model/engine.ts'
import { reduceProcess } from './engine-process-reduce.ts'
import {
  engineStateOf,
  NOT_STARTED,
  type Phase,
  type ProcessEffect,
  type ProcessEvent,
  type ProcessState,
} from './engine-process-state.ts'
import { commandOn } from './card-share.ts'
import { exitCause } from './exit-cause.ts'
import type { Gate } from './gate.ts'
import type { ManagedEngine } from './managed-engine.ts'
import { preflight, type PreflightParts } from './preflight.ts'
import type { ProcessEnd, RunningProcess } from './process-host.ts'
import { askForEver, askUntilAnswered } from './questions.ts'

/** So many of the last lines are logged at warn when an engine ended before it ever served. */
const LINES_IN_LOG = 20

export interface EngineProcessOptions extends PreflightParts {
  engine: ManagedEngine
  gate: Gate
  /** Whether another engine's start makes a late answer of this one mean nothing. */
  isExcused: () => boolean
  random: () => number
  log: Log
  onChange: () => void
}

export class EngineProcess {
  readonly #options: EngineProcessOptions
  readonly #log: Log
  readonly #machine: Machine<ProcessState, ProcessEvent, ProcessEffect>
  #process: RunningProcess | undefined
  #hasServed = false
  /** The state of which whoever waits was told. */
  #told: ProcessState
  #leaveGate: () => void = () => {}
  #phaseOver = new AbortController()
  readonly #waiting = new Set<() => void>()

  constructor(options: EngineProcessOptions) {
    this.#options = options
    this.#log = options.log.child({ engine: options.engine.name })
    this.#told = NOT_STARTED
    this.#machine = new Machine<ProcessState, ProcessEvent, ProcessEffect>({
      state: NOT_STARTED,
      reduce: (state, event) => reduceProcess(state, event, { now: this.clock.now(), random: options.random() }),
      perform: (effect) => this.#perform(effect),
      onChange: (state, before) => {
        if (state.phase.type !== before.phase.type) this.#enterPhase(state)
      },
      onStep: () => this.#tell(),
      // Nobody starts it again until a person has looked; it must not hold up the others at the gate.
      ending: { type: 'broke' },
      onBroken: (error) => this.#log.error({ error }, 'a bug in the supervisor'),
      onStuck: () => {
        this.#leaveGate()
        this.#process?.stop()
      },
    })
  }

  get engine(): ManagedEngine {
    return this.#options.engine
  }

  get clock(): Clock {
    return this.#options.clock
  }

  get phase(): Phase {
    return this.#machine.state.phase
  }

  get state(): EngineState {
    return engineStateOf(this.#machine.state)
  }

  get reason(): string | undefined {
    return this.#machine.state.reason
  }

  /** Whether it may hold something of the card. */
  get isRunning(): boolean {
    return this.#process !== undefined
  }

  start(): void {
    this.#machine.dispatch({ type: 'start' })
  }

  /** Resolves when its whole tree is gone. */
  async stop(): Promise<void> {
    this.#machine.dispatch({ type: 'stop' })
    // Somebody may want it again meanwhile: then it is queued, and not stopped, when it is gone.
    await this.#until(({ type }) => type !== 'stopping')
  }

  /** Resolves when it is ready or has to wait, for whatever reason. */
  settled(): Promise<void> {
    return this.#until(isSettled)
  }

  async #until(isReached: (phase: Phase) => boolean): Promise<void> {
    while (!isReached(this.phase)) await new Promise<void>((resolve) => this.#waiting.add(resolve))
  }

  /** After the effects: whoever hears of a phase finds begun what it begins. */
  #tell(): void {
    const { state } = this.#machine
    const before = this.#told
    if (state === before) return
    this.#told = state
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
    if (engineStateOf(state) !== engineStateOf(before)) this.#options.onChange()
  }

  #enterPhase({ phase, reason }: ProcessState): void {
    this.#phaseOver.abort('replaced')
    this.#phaseOver = new AbortController()
    if (isSettled(phase)) this.#leaveGate()
    if (phase.type === 'ready') this.#hasServed = true
    const facts = { state: phase.type, ...(reason === undefined ? {} : { reason }) }
    if (phase.type === 'failed') this.#log.error(facts, 'engine is given up')
    else if (phase.type === 'backoff') this.#log.warn(facts, 'engine waits for its next start')
    else this.#log.info(facts, 'engine goes on')
  }

  #perform(effect: ProcessEffect): void {
    const { engine, gate } = this.#options
    const { signal } = this.#phaseOver
    switch (effect.type) {
      case 'enterGate':
        return this.#while(signal, this.#enterGate(gate, signal), () => this.#machine.dispatch({ type: 'admitted' }))
      case 'preflight':
        return this.#while(signal, preflight(engine, this.#options), (reason) =>
          this.#machine.dispatch(reason === undefined ? { type: 'cleared' } : { type: 'blocked', reason }),
        )
      case 'spawn':
        return this.#spawn()
      case 'probe':
        return this.#ask((signal) => engine.probe(signal), { type: 'answered' }, engine.launch.startTimeoutMs)
      case 'watch':
        return this.#watch()
      case 'endTree':
        return this.#process?.stop()
      case 'wait':
        return this.#while(signal, this.clock.sleep(effect.delayMs, signal), () =>
          this.#machine.dispatch({ type: 'due' }),
        )
      default:
        return unreachable(effect)
    }
  }

  async #enterGate(gate: Gate, signal: AbortSignal): Promise<void> {
    const leave = await gate.enter(this.engine.name, signal)
    // Let in at the very moment in which it was stopped: whoever is next must not wait for it.
    if (signal.aborted) leave()
    else this.#leaveGate = leave
  }

  #spawn(): void {
    const { engine, host, gpu } = this.#options
    this.#hasServed = false
    const launch = { ...engine.launch, command: commandOn(engine.launch, gpu.latest()) }
    // Lines of an engine are for whoever looks for a fault in it: never above debug.
    const child = host.start(engine.name, launch, (line) => this.#log.debug({ line }, 'engine says'))
    this.#process = child
    void child.ended.then((end) => {
      if (this.#process === child) this.#process = undefined
      this.#machine.guard(() => this.#ended(end))
    })
    this.#ask((signal) => engine.isAlive(signal), { type: 'alive' })
  }

  #ended({ how, lastLines, isUnable }: ProcessEnd): void {
    const last = lastLines.slice(-LINES_IN_LOG)
    // Before it served it knew no caller, so its words may be read; later they stay at debug.
    const { phase } = this
    if (!this.#hasServed && !(phase.type === 'stopping' && phase.wasAsked))
      this.#log.warn({ how, last }, 'engine ended before it was ready')
    if (isUnable && phase.type === 'starting')
      return this.#machine.dispatch({ type: 'unable', reason: last.at(-1) ?? how })
    this.#machine.dispatch({ type: 'exited', cause: exitCause(lastLines), reason: how })
  }

  /** Until it is answered or the start has taken too long. */
  #ask(ask: (signal: AbortSignal) => Promise<void>, answered: ProcessEvent, withinMs?: number): void {
    const { signal } = this.#phaseOver
    const { startTimeoutMs } = this.engine.launch
    const startedAt = 'startedAt' in this.phase ? this.phase.startedAt : this.clock.now()
    const leftMs = startedAt + startTimeoutMs - this.clock.now()
    const reason = `did not answer a request within ${startTimeoutMs / 1000} s`
    this.#while(signal, askUntilAnswered(ask, this.clock, signal, withinMs), () => this.#machine.dispatch(answered))
    this.#while(signal, this.clock.sleep(leftMs, signal), () => this.#machine.dispatch({ type: 'late', reason }))
  }

  #watch(): void {
    const { engine, isExcused } = this.#options
    const { signal } = this.#phaseOver
    const tell = (isAnswered: boolean): void => {
      if (isAnswered || !isExcused()) this.#machine.dispatch({ type: isAnswered ? 'beat' : 'missed' })
    }
    this.#while(
      signal,
      askForEver((asked) => engine.isAlive(asked), this.clock, signal, tell),
      () => {},
    )
  }

  /** What comes of `work` after its phase is over counts for nothing. */
  #while<T>(signal: AbortSignal, work: Promise<T>, then: (value: T) => void): void {
    work.then(
      (value) => {
        if (!signal.aborted) this.#machine.guard(() => then(value))
      },
      (error: unknown) => {
        if (!signal.aborted) this.#machine.guard(() => raise(error))
      },
    )
  }
}

function isSettled({ type }: Phase): boolean {
  return type === 'stopped' || type === 'ready' || type === 'backoff' || type === 'failed'
}

function raise(error: unknown): never {
  throw error
}
