// What a runner of tasks knows: which it holds, and when it looks next. The transitions are runner-reduce.ts. Pure.
import type { TaskId } from '#shared/ids.ts'
import type { Attempt, TakenTask } from './task.ts'
import type { Outcome } from './task-reduce.ts'
import type { Renewed, Took } from './task-table.ts'

export type StopReason = 'deadline' | 'cancelled' | 'lost' | 'shutdown'

export interface Held {
  task: TakenTask
  /** The attempt is aborted then. */
  limitAt: number
  /** Until then nobody else takes it. */
  heldUntil: number
  /** It was told to stop; what it says after that is judged by the reason. */
  stopped?: StopReason
  /** It has ended, and this is being written. */
  outcome?: Outcome
}

export interface RunnerState {
  isStopping: boolean
  held: ReadonlyMap<TaskId, Held>
  isTaking: boolean
  /** Something may have changed while it was taking. */
  isWakeWanted: boolean
  lookAt: number
  isRenewing: boolean
  renewAt: number
}

export const IDLE: RunnerState = {
  isStopping: false,
  held: new Map(),
  isTaking: false,
  isWakeWanted: false,
  lookAt: Infinity,
  isRenewing: false,
  renewAt: Infinity,
}

export type RunnerEvent =
  | { type: 'woken' }
  | { type: 'took'; took: Took; isFull: boolean; until: number }
  | { type: 'takeFailed' }
  | { type: 'renewed'; asked: readonly Attempt[]; renewed: Renewed; until: number }
  | { type: 'renewFailed' }
  | { type: 'ended'; attempt: Attempt; outcome: Outcome; result?: unknown }
  /** It is written, or another attempt has the task. */
  | { type: 'settled'; attempt: Attempt }
  /** It cannot be written. Its hold will end, and it is tried again. */
  | { type: 'unsettled'; attempt: Attempt }
  | { type: 'rang' }
  | { type: 'stop' }
  | { type: 'broken' }

export type RunnerEffect =
  | { type: 'take'; free: number }
  | { type: 'begin'; task: TakenTask }
  | { type: 'abort'; id: TaskId; reason: StopReason }
  | { type: 'settle'; task: TakenTask; outcome: Outcome; result: unknown }
  | { type: 'renew'; attempts: Attempt[] }
  | { type: 'alarm'; at: number }
  | { type: 'quiet' }

export interface RunnerRules {
  /** Tasks that it holds at once. */
  atOnce: number
  holdMs: number
  /** Infinity where somebody wakes it for each new task. */
  lookEveryMs: number
  limitMsOf(name: string): number
}
