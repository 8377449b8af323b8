// The types of one managed engine: where it stands, what may happen to it and what is then to be done.
// engine-process-reduce.ts has the transitions; engine-process.ts performs the effects.
import type { EngineState } from '#shared/model/engine.ts'
import { unreachable } from '#shared/invariant.ts'

/** One answer late is a long pass on a busy card; three are a hung engine. */
export const MISSES_UNTIL_DEAD = 3
/** An engine that was ready for this long was healthy: only then does the wait begin anew. */
export const HEALTHY_AFTER_MS = 5 * 60_000
/** More ends than this in the window are a crash loop: a person has to look. */
export const MAX_CRASHES = 5
export const CRASH_WINDOW_MS = 10 * 60_000
/** Between two looks at a card that is too full: a game takes minutes, a look costs nothing. */
export const MEMORY_WAIT_MS = 5_000

export type Phase =
  | { type: 'stopped' }
  /** Waits until no other engine loads or frees. */
  | { type: 'queued' }
  /** Nothing of an earlier run may be left, and the card must have room. */
  | { type: 'preflight' }
  | { type: 'starting'; startedAt: number }
  /** It is there, and has not answered a real request yet. */
  | { type: 'warming'; startedAt: number }
  | { type: 'ready'; since: number; misses: number }
  /** Its tree is being ended, because somebody asked or because it hung; `isWanted`: it is to come back. */
  | { type: 'stopping'; wasAsked: boolean; isWanted: boolean }
  | { type: 'backoff'; until: number }
  | { type: 'failed' }

export interface ProcessState {
  phase: Phase
  /** When it ended though nobody asked, within the window. Ends for want of memory are not among them. */
  crashes: readonly number[]
  /** Starts since it was last ready for long: they set the wait before the next. */
  tries: number
  /** Why it is not ready, in words for the operator. */
  reason: string | undefined
}

export type ProcessEvent =
  | { type: 'start' }
  | { type: 'stop' }
  /** No other engine loads or frees now. */
  | { type: 'admitted' }
  | { type: 'cleared' }
  | { type: 'blocked'; reason: string }
  /** It can never run on this machine as it is. */
  | { type: 'unable'; reason: string }
  | { type: 'alive' }
  | { type: 'answered' }
  /** Has not answered within its start timeout. */
  | { type: 'late'; reason: string }
  | { type: 'beat' }
  | { type: 'missed' }
  /** Its whole tree is gone. */
  | { type: 'exited'; cause: 'crash' | 'memory'; reason: string }
  /** The wait before the next start is over. */
  | { type: 'due' }
  /** A bug of the supervisor. */
  | { type: 'broke' }

export type ProcessEffect =
  | { type: 'enterGate' }
  | { type: 'preflight' }
  | { type: 'spawn' }
  | { type: 'probe' }
  | { type: 'watch' }
  | { type: 'endTree' }
  | { type: 'wait'; delayMs: number }

export const NOT_STARTED: ProcessState = { phase: { type: 'stopped' }, crashes: [], tries: 0, reason: undefined }

/** In the words of the wire, which tell less. */
export function engineStateOf({ phase }: ProcessState): EngineState {
  switch (phase.type) {
    case 'queued':
    case 'preflight':
      return 'starting'
    case 'ready':
      return phase.misses > 0 ? 'degraded' : 'ready'
    case 'stopped':
    case 'starting':
    case 'warming':
    case 'stopping':
    case 'backoff':
    case 'failed':
      return phase.type
    default:
      return unreachable(phase)
  }
}
