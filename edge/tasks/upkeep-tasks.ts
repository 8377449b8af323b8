// What an edge cleans up from time to time, each as a task with a schedule: sessions whose end could not be written and
// usage of users who left, files that were never finished or that nothing names any more, sound that was kept long
// enough, tasks that are over. Each is safe to run twice, and by several edges at once.
import * as v from 'valibot'
import { DAY_MS } from '#shared/day.ts'
import type { Clock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import { MAX_SESSION_MS } from '#shared/protocol/limits.ts'
import { PRIORITY } from '#shared/tasks/task.ts'
import { taskKind, type QueueRules, type TaskContext, type TaskKind } from '#shared/tasks/task-kind.ts'
import type { TaskSchedule } from '#shared/tasks/schedule.ts'
import { dropFiles } from '#edge/drop-files.ts'
import { USER_DELETE } from '#edge/planned-tasks.ts'
import type { Blobs } from '#edge/ports.ts'
import type { Store } from '#edge/store/store.ts'

/** A conversation whose room was lost is free again at most this long after MAX_SESSION_MS. */
export const UPKEEP_EVERY_MS = 15 * 60_000
const UPKEEP_CRON = '*/15 * * * *'
/** Far longer than a session takes to begin, and than its end takes to be written. */
const SESSION_SLACK_MS = 5 * 60_000
/** An upload of MAX_BLOB_BYTES that takes longer was abandoned. */
const UPLOAD_MS = 60 * 60_000
/** Rows of one statement: a step never holds the database for more than some milliseconds. */
const ROWS_A_STEP = 200
/** Steps of one attempt; the next run of the schedule goes on. */
const STEPS = 50
/** Each run looks at the files whose names begin with one pair of hex digits, so all files are seen within 64 hours. */
const PREFIXES = 256
/**
 * A file is stored before the row that names it: at most as long before as a node may be cut off with a turn in its
 * outbox.
 */
const UNNAMED_MS = 7 * DAY_MS

export interface UpkeepPorts {
  clock: Clock
  log: Log
  store: {
    sessions: Pick<Store['sessions'], 'sweep'>
    audio: Pick<Store['audio'], 'expireAudio'>
    voices: Pick<Store['voices'], 'unnamed' | 'planForgotten'>
    tasks: Pick<Store['tasks'], 'sweepTasks'>
  }
  blobs: Pick<Blobs, 'sweep' | 'putBefore' | 'delete'>
}

export function upkeepTasks(ports: UpkeepPorts): {
  kinds: TaskKind[]
  queues: QueueRules[]
  schedules: TaskSchedule[]
} {
  const kinds = Object.entries(partsOf(ports)).map(([name, run]) =>
    taskKind({
      name,
      queue: USER_DELETE.queue,
      payload: v.unknown(),
      priority: PRIORITY.idle,
      attempts: 3,
      limitMs: 5 * 60_000,
      run: (_payload, context) => run(context),
    }),
  )
  const schedules = kinds.map(({ name }) => ({
    name,
    task: name,
    cron: UPKEEP_CRON,
    timeZone: 'UTC',
    payload: null,
    isDueAtStart: true,
  }))
  return { kinds, queues: [{ name: USER_DELETE.queue, atOnce: 4, atOnceOfUser: 1 }], schedules }
}

type Part = (context: TaskContext) => Promise<unknown>

function partsOf({ clock, log, store, blobs }: UpkeepPorts): Record<string, Part> {
  return {
    'upkeep.sessions': async () => {
      const now = clock.now()
      const swept = await store.sessions.sweep({ openedBefore: now - MAX_SESSION_MS - SESSION_SLACK_MS, now })
      if (swept.ended > 0) log.warn(swept, 'ended sessions whose end was never written')
      return swept
    },
    'upkeep.uploads': async () => {
      const parts = await blobs.sweep(clock.now() - UPLOAD_MS)
      if (parts > 0) log.warn({ parts }, 'removed files that were never finished')
      return { parts }
    },
    'upkeep.audio': async ({ signal }) => {
      let files = 0
      await inSteps(signal, async () => {
        const expired = await store.audio.expireAudio(clock.now(), ROWS_A_STEP)
        files += await dropFiles({ store, blobs }, expired)
        return expired.length
      })
      if (files > 0) log.info({ files }, 'forgot the sound of old turns')
      return { files }
    },
    'upkeep.files': async () => {
      const now = clock.now()
      const prefix = (Math.floor(now / UPKEEP_EVERY_MS) % PREFIXES).toString(16).padStart(2, '0')
      const files = await dropFiles({ store, blobs }, await blobs.putBefore(now - UNNAMED_MS, prefix))
      if (files > 0) log.warn({ files }, 'removed files that nothing names')
      return { files }
    },
    'upkeep.tasks': async ({ signal }) => {
      let tasks = 0
      await inSteps(signal, async () => {
        const swept = await store.tasks.sweepTasks(clock.now(), ROWS_A_STEP)
        tasks += swept
        return swept
      })
      return { tasks, voices: await store.voices.planForgotten(clock.now(), ROWS_A_STEP) }
    },
  }
}

/** Until a step finds nothing. */
async function inSteps(signal: AbortSignal, step: () => Promise<number>): Promise<void> {
  for (let at = 0; at < STEPS && !signal.aborted; at++) if ((await step()) === 0) return
}
