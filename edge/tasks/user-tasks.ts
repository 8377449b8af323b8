// The deletion of all that a user said, in steps: each is one short batch, so that a user with many turns holds nobody up.
// His keys are ended, and his voices gone, before the task is planned (HistoryEdits.leave).
import * as v from 'valibot'
import { dropFiles } from '#edge/drop-files.ts'
import { USER_DELETE } from '#edge/planned-tasks.ts'
import type { EdgePorts } from '#edge/ports.ts'
import { UserIdSchema } from '#shared/model/ids.ts'
import { MAX_LIMIT_MS, taskKind, type TaskKind } from '#shared/tasks/task-kind.ts'

/** Turns of a step: a few milliseconds of the database. */
const TURNS_A_STEP = 20

type UserTaskPorts = Pick<EdgePorts, 'blobs'> & { store: Pick<EdgePorts['store'], 'edits' | 'voices'> }
const Leaving = v.object({ userId: UserIdSchema, before: v.number() })

export function userTasks(ports: UserTaskPorts): TaskKind[] {
  return [
    taskKind({
      ...USER_DELETE,
      payload: Leaving,
      limitMs: MAX_LIMIT_MS,
      run: async (leaving, { signal }) => {
        // Where it is stopped, the next attempt goes on with what is left.
        while (!(await deleteStep(ports, leaving))) signal.throwIfAborted()
      },
    }),
  ]
}

/** Returns whether nothing is left. Files go after the rows that name them: the upkeep finds what a crash leaves. */
export async function deleteStep(
  ports: UserTaskPorts,
  { userId, before }: v.InferOutput<typeof Leaving>,
): Promise<boolean> {
  const { files, isDone } = await ports.store.edits.deleteSaid(userId, { before, limit: TURNS_A_STEP })
  await dropFiles(ports, files)
  return isDone
}
