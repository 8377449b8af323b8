// Kinds of tasks for tests: each does what its payload says, and tells what it did.
import * as v from 'valibot'
import { HopelessTask, PostponedTask, taskKind, type TaskContext, type TaskKind } from '#shared/tasks/task-kind.ts'

export const HEAD = { name: 'test.do', queue: 'test', priority: 5, attempts: 3 } as const

export function scriptedKind(
  run: (payload: unknown, context: TaskContext) => Promise<unknown>,
  more: Partial<TaskKind> = {},
) {
  return taskKind({ ...HEAD, payload: v.unknown(), limitMs: 60_000, run, ...more })
}

/** `done`, `fails`, `hopeless`, `later`, `hangs` (until it is aborted), or `deaf` (also then). */
export const scripted = (seen: string[] = []): TaskKind =>
  scriptedKind(async (payload, { signal, attempt }) => {
    seen.push(`${String(payload)} ${attempt.attempt}`)
    if (payload === 'fails') throw new Error('it fails')
    if (payload === 'hopeless') throw new HopelessTask('never')
    if (payload === 'later') throw new PostponedTask(5_000)
    if (payload === 'deaf') return await new Promise(() => {})
    if (payload === 'hangs')
      return await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')))
      })
    return `did ${String(payload)}`
  })
