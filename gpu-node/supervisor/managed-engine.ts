// What the supervisor is given: an engine that the node starts as a program, and how to ask it. Implemented where engines
// and their servers are known; the supervisor knows no engine.
import type { EngineRole } from '#shared/model/engine.ts'

export interface LaunchPlan {
  command: readonly string[]
  /** The engine's own, added to the few variables that every program gets. */
  environment: Readonly<Record<string, string>>
  workingFolder: string
  /** Must be free on the card before it is started. */
  vramReserveBytes: number
  /** The flag that tells it its share of the card; undefined where it asks for none. */
  shareFlag?: string | undefined
  /** From its start to its first real answer. */
  startTimeoutMs: number
  /** Started by load() and not by start(). */
  onDemand: boolean
  /** An engine on demand that nobody touched for this long is unloaded. */
  idleUnloadMs: number
}

export interface ManagedEngine {
  name: string
  role: EngineRole
  launch: LaunchPlan
  /** A real request, answered: one token, a second of speech, a clause. An open port proves nothing. */
  probe(signal: AbortSignal): Promise<void>
  /** A cheap question that a hung engine does not answer; rejects when it says that it is broken. */
  isAlive(signal: AbortSignal): Promise<void>
}
