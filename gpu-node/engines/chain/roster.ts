// The engines of one chain and how each of them is doing: says which is asked next and why others are not. Used by the three
// chains of this folder. Knows members by their names and states, not what they do.
import type { Clock } from '#shared/clock.ts'
import { FaultError, faultOf, type Stage } from '#shared/fault.ts'
import type { Log } from '#shared/log.ts'
import { engineId, isWished, type EngineInfo, type EngineState } from '#shared/model/engine.ts'
import type { FallbackReason } from '#shared/model/turn.ts'
import { traceIdOf } from '#shared/trace.ts'
import { afterEvent, CLOSED, mayAsk, type Circuit, type CircuitEvent } from './circuit.ts'

/** One engine of a chain, and what its runner knows of it. */
export interface ChainMember<E extends { engine: EngineInfo }> {
  /** Its name in the node's configuration. An engine may stand in several chains under one name. */
  name: string
  engine: E
  state(): EngineState
  /** How long the next request will wait; undefined where nobody knows. */
  queueWaitMs(): number | undefined
  /** Loads the engine. Absent where it is not loaded on demand. */
  load?(): Promise<void>
  /** Says that the engine is in use. Absent where it is not loaded on demand. */
  touch?(): void
}

export type Members<E extends { engine: EngineInfo }> = readonly [ChainMember<E>, ...ChainMember<E>[]]

/** The members with the one that a session wishes for in front; undefined where that one is not there. */
export function wishedFirst<M extends ChainMember<{ engine: EngineInfo }>>(
  members: readonly M[],
  wish: string,
): [M, ...M[]] | undefined {
  const wished = members.find(({ engine }) => isWished(engine.engine, wish))
  return wished && [wished, ...members.filter((member) => member !== wished)]
}

export interface ChainOptions {
  clock: Clock
  log: Log
}

/** A member in the order in which a chain asks; `unfit` says why this request is not for it. */
export interface Choice<E extends { engine: EngineInfo }> {
  member: ChainMember<E>
  unfit?: FallbackReason | undefined
}

/** One request to one member. The first outcome counts. */
export interface Attempt {
  answered(): void
  failed(thrown: unknown, isHard: boolean): void
  cancelled(): void
}

/** A queue behind it does not make an engine unusable: it is degraded, not gone. */
export const isUp = (state: EngineState): boolean => state === 'ready' || state === 'degraded'

export class Roster {
  readonly #options: ChainOptions
  readonly #circuits = new Map<string, Circuit>()

  constructor(options: ChainOptions) {
    this.#options = options
  }

  /** The first that is fit, up and not out. If all that are up are out, one of them is asked: better that than no answer. */
  next<C extends Choice<{ engine: EngineInfo }>>(choices: readonly C[], tried: ReadonlySet<string>): C | undefined {
    const left = choices.filter(({ member, unfit }) => unfit === undefined && !tried.has(member.name))
    return (
      left.find((choice) => this.#passOver(choice) === undefined) ?? left.find(({ member }) => isUp(member.state()))
    )
  }

  /** Why the wanted engine does not answer. */
  reasonFor(wanted: Choice<{ engine: EngineInfo }>, tried: ReadonlySet<string>): FallbackReason {
    if (tried.has(wanted.member.name)) return 'failed'
    return wanted.unfit ?? this.#passOver(wanted) ?? 'failed'
  }

  begin(member: ChainMember<{ engine: EngineInfo }>, traceparent: string | undefined): Attempt {
    let isOpen = true
    const note = (event: CircuitEvent): boolean => {
      if (isOpen) this.#note(member.name, event)
      const wasOpen = isOpen
      isOpen = false
      return wasOpen
    }
    this.#note(member.name, { type: 'asked' })
    return {
      answered: () => void note({ type: 'answered' }),
      cancelled: () => void note({ type: 'cancelled' }),
      failed: (thrown, isHard) => {
        // One caller's bad request must not take the engine from all others.
        if (note(isRequestsFault(thrown) ? { type: 'cancelled' } : { type: 'failed', isHard }))
          this.#log(member, thrown, traceparent)
      },
    }
  }

  #passOver({ member }: Choice<{ engine: EngineInfo }>): FallbackReason | undefined {
    if (!isUp(member.state())) return 'notReady'
    return mayAsk(this.#circuits.get(member.name) ?? CLOSED, this.#options.clock.now()) ? undefined : 'failed'
  }

  #note(name: string, event: CircuitEvent): void {
    this.#circuits.set(name, afterEvent(this.#circuits.get(name) ?? CLOSED, event, this.#options.clock.now()))
  }

  #log(member: ChainMember<{ engine: EngineInfo }>, thrown: unknown, traceparent: string | undefined): void {
    const { name, engine } = member
    const trace_id = traceparent === undefined ? undefined : traceIdOf(traceparent)
    const facts = { engine: name, role: engine.engine.role, fault: faultOf(thrown), trace_id }
    if (thrown instanceof FaultError) this.#options.log.warn(facts, 'an engine of a chain failed')
    else this.#options.log.error({ ...facts, stack: thrown instanceof Error ? thrown.stack : '' }, 'an engine broke')
  }
}

const isRequestsFault = (thrown: unknown): boolean =>
  thrown instanceof FaultError && thrown.fault.code === 'engine_failed' && thrown.fault.blames === 'request'

/** Whether this is the engine's failure, and not the request's or a cancellation. */
export function isEngineFailure(thrown: unknown, signal: AbortSignal): boolean {
  if (signal.aborted) return false
  if (thrown instanceof FaultError)
    return thrown.fault.code === 'engine_failed' || thrown.fault.code === 'deadline_exceeded'
  return thrown instanceof Error
}

export function noneIsReady(stage: Stage, engine: EngineInfo): FaultError {
  const detail = 'no engine of the chain is ready'
  return new FaultError({ code: 'engine_failed', engineId: engineId(engine), stage, transient: true, detail })
}
