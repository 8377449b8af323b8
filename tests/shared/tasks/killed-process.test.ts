// Real programs that run tasks are killed by SIGKILL at moments of chance: each effect of each task comes once.
// TASK_SIGKILLS sets how many are killed.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDatabase, type OpenDatabase } from '#edge/runtime/node/database.ts'
import { PROGRAM_FLAGS } from '#shared/on-node/program-flags.ts'
import { createTaskStore } from '#edge/store/task-store.ts'
import { HEAD } from '#tests/fakes/task-kinds.ts'

const KILLS = Number(process.env['TASK_SIGKILLS'] ?? 20)
/** More than one program does before it is killed, so that each is killed at work. */
const TASKS_EACH = 25
const LONGEST_MS = 60
const PROGRAM = fileURLToPath(new URL('./doomed-process.ts', import.meta.url))

describe('programs that run tasks', () => {
  let folder: string
  let database: OpenDatabase
  let url: string
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-doomed-'))
    url = pathToFileURL(join(folder, 'edge.db')).href
    database = await openDatabase({ url })
    await database.migrate()
    await database.db.run(sql`create table effect (what text)`)
  })
  afterEach(async () => {
    await database.close()
    rmSync(folder, { recursive: true })
  })

  it(`[TSK15] ${KILLS} that are killed at work lose no effect and do none twice`, { timeout: 600_000 }, async () => {
    const store = createTaskStore(database.db)
    for (let n = 0; n < KILLS * TASKS_EACH; n++) await store.addTask({ ...HEAD, attempts: 99, payload: n }, Date.now())
    for (let kill = 0; kill < KILLS; kill++) {
      const program = await startProgram(url)
      await sleep(Math.random() * LONGEST_MS)
      program.kill('SIGKILL')
      await once(program, 'exit')
    }
    const atWork = await store.listTasks('everybody', { limit: 9, state: 'taken' })
    const last = await startProgram(url)
    const left = async () => {
      const { queues } = await store.taskStats(Date.now())
      return queues.map(({ state, count }) => ({ state, count }))
    }
    await expect.poll(left, { timeout: 120_000, interval: 100 }).toEqual([{ state: 'done', count: KILLS * TASKS_EACH }])
    last.kill('SIGKILL')
    await once(last, 'exit')
    const [found] = await database.db.all<{ effects: number; different: number; again: number }>(sql`
      select count(*) as effects, count(distinct what) as different,
        (select count(*) from task where attempt > 1) as again from effect`)
    const effects = 3 * KILLS * TASKS_EACH
    expect(found).toMatchObject({ effects, different: effects })
    // The kills hit what they were to hit.
    expect([found?.again, atWork.length]).not.toEqual([0, 0])
  })
})

async function startProgram(url: string): Promise<ChildProcess> {
  const program = spawn(process.execPath, [...PROGRAM_FLAGS, PROGRAM, url], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(program.stdout, 'data')
  return program
}
