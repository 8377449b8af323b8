// The edge's tasks: a database file in its thread, and a runner in this process, as on the Node host.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as v from 'valibot'
import { openDatabase } from '#edge/runtime/node/database.ts'
import { createTaskStore } from '#edge/store/task-store.ts'
import { systemClock } from '#shared/clock.ts'
import { silentLog } from '#shared/log.ts'
import { taskKind } from '#shared/tasks/task-kind.ts'
import { TaskRunner } from '#shared/tasks/task-runner.ts'
import { ATTEMPTS, RETRY_MS, type Contender, type House } from './house.ts'

const HEAD = { name: 'bench.do', queue: 'bench', attempts: ATTEMPTS }
const Payload = v.object({ n: v.number(), ms: v.number(), fails: v.boolean() })

export const parley: Contender = { name: 'Parley', open }

async function open(): Promise<House> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-bench-tasks-'))
  const database = await openDatabase({ url: pathToFileURL(join(folder, 'edge.db')).href })
  await database.migrate()
  const store = createTaskStore(database.db)
  let runner: TaskRunner | undefined
  let cancel = (): void => {}
  return {
    async add(payload, priority) {
      await store.addTask({ ...HEAD, priority, payload }, Date.now())
      runner?.wake()
    },
    run(perform, atOnce) {
      const kind = taskKind({
        ...HEAD,
        priority: 5,
        payload: Payload,
        limitMs: 60_000,
        pauses: { firstMs: RETRY_MS, factor: 1, longestMs: RETRY_MS },
        run: (work, { attempt }) => perform(work, attempt.attempt),
      })
      const made = new TaskRunner({
        kinds: [kind],
        queues: [{ name: HEAD.queue, atOnce, atOnceOfUser: atOnce }],
        table: store,
        clock: systemClock,
        log: silentLog,
        setAlarm(at) {
          cancel()
          cancel = systemClock.after(Math.max(0, at - Date.now()), () => made.alarm())
        },
      })
      runner = made
      made.wake()
    },
    async close() {
      await runner?.stop()
      cancel()
      await database.close()
      rmSync(folder, { recursive: true })
    },
  }
}
