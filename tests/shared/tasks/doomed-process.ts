// A program that runs tasks of the database file that it is given, until somebody kills it. Each task has three effects.
// Says `ready` when it has begun. Started by killed-process.test.ts.
import { setImmediate } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { openDatabase } from '#edge/runtime/node/database.ts'
import { createTaskTable } from '#shared/task-store/task-table.ts'
import { doOnce } from '#shared/task-store/do-once.ts'
import { systemClock } from '#shared/clock.ts'
import { silentLog } from '#shared/log.ts'
import { TaskRunner } from '#shared/tasks/task-runner.ts'
import { HEAD, scriptedKind } from '#tests/fakes/task-kinds.ts'

/** Short, so that what a killed one held is free again when the next has started. */
const HOLD_MS = 300

const { db } = await openDatabase({ url: process.argv[2] ?? '' })
const kind = scriptedKind(async (_payload, { attempt }) => {
  for (const step of ['a', 'b', 'c']) {
    const key = `${attempt.id} ${step}`
    await doOnce(db, { attempt, key, now: Date.now() }, [db.run(sql`insert into effect (what) values (${key})`)])
    await setImmediate()
  }
})
let cancel = (): void => {}
const runner: TaskRunner = new TaskRunner({
  kinds: [kind],
  queues: [{ name: HEAD.queue, atOnce: 4, atOnceOfUser: 4 }],
  table: createTaskTable(db),
  clock: systemClock,
  log: silentLog,
  holdMs: HOLD_MS,
  lookEveryMs: 50,
  setAlarm(at) {
    cancel()
    cancel = systemClock.after(Math.max(0, at - Date.now()), () => runner.alarm())
  },
})
runner.wake()
process.stdout.write('ready\n')
