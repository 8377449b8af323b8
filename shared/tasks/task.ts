// A task: work in the background that outlives the process that does it. What it is, in which states it can be, and
// what an operator or its owner sees of it. Its transitions are task-reduce.ts; where it is kept is shared/task-store.
import * as v from 'valibot'
import type { TaskId } from '#shared/ids.ts'

/**
 * queued: waits for its first attempt. taken: somebody works on it until `takenUntil`. failed: its last attempt failed,
 * and it waits for the next. The others are its end: done, cancelled, or dead (no attempt is left, or none would help).
 */
export const TASK_STATES = ['queued', 'taken', 'failed', 'done', 'dead', 'cancelled'] as const
export type TaskState = (typeof TASK_STATES)[number]

/** The smaller goes first. A task never waits for one of a greater number in its queue. */
export const PRIORITY = { awaited: 0, usual: 5, idle: 9 } as const

export const TaskError = v.object({
  /** A fault's code; `internal` for a bug. */
  code: v.string(),
  message: v.string(),
  /** Where it happened: the first lines of the stack. */
  trace: v.string(),
})
export type TaskError = v.InferOutput<typeof TaskError>

export const TaskView = v.object({
  id: v.string(),
  name: v.string(),
  queue: v.string(),
  /** Null for work of the house. */
  userId: v.nullable(v.string()),
  state: v.picklist(TASK_STATES),
  priority: v.number(),
  /** How often it was begun. */
  attempt: v.number(),
  /** After so many attempts it is dead. */
  attempts: v.number(),
  /** Not before this time. */
  runAfter: v.number(),
  /** Whoever works on it counts as gone at this time; null while nobody does. */
  takenUntil: v.nullable(v.number()),
  /** 0 to 1. */
  progress: v.number(),
  result: v.unknown(),
  error: v.nullable(TaskError),
  createdAt: v.number(),
  /** Of the last attempt; null before the first. */
  startedAt: v.nullable(v.number()),
  endedAt: v.nullable(v.number()),
})
export type TaskView = v.InferOutput<typeof TaskView> & { id: TaskId }

/** One attempt at a task. Whoever holds an older one can write nothing of the task any more. */
export interface Attempt {
  id: TaskId
  attempt: number
}

/** What a runner takes. */
export interface TakenTask extends Attempt {
  name: string
  queue: string
  userId: string | null
  payload: unknown
  attempts: number
  takenUntil: number
  createdAt: number
}

export const isOver = (state: TaskState): boolean => state === 'done' || state === 'dead' || state === 'cancelled'
