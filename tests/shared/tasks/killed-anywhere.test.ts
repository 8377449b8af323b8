// Runners that die at any of their calls of a real database file, or freeze there and go on when another has taken over:
// each effect of a task comes once. TASK_KILLS sets how many stories are told.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createClient, type Client } from '@libsql/client'
import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/libsql'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '#edge/runtime/node/database.ts'
import { createTaskStore } from '#edge/store/task-store.ts'
import type { Clock } from '#shared/clock.ts'
import { silentLog } from '#shared/log.ts'
import { doOnce } from '#shared/task-store/do-once.ts'
import type { TaskDatabase } from '#shared/task-store/task-rows.ts'
import { createTaskTable } from '#shared/task-store/task-table.ts'
import { isOver } from '#shared/tasks/task.ts'
import { HOLD_MS } from '#shared/tasks/task-kind.ts'
import { TaskRunner } from '#shared/tasks/task-runner.ts'
import { HEAD, scriptedKind } from '#tests/fakes/task-kinds.ts'

const STORIES = Number(process.env['TASK_KILLS'] ?? 1_000)
/** A story of two tasks has fewer calls. */
const MAX_CALL = 24
const HOW = ['before', 'after', 'frozen'] as const

interface Kill {
  /** The call at which it dies. */
  call: number
  how: (typeof HOW)[number]
}

describe('runners that are killed', () => {
  let folder: string
  let client: Client
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-killed-'))
    const url = pathToFileURL(join(folder, 'edge.db')).href
    const database = await openDatabase({ url })
    await database.migrate()
    await database.close()
    client = createClient({ url, concurrency: 1 })
    // The machine does not die here, only programs do.
    await client.execute('pragma synchronous = off')
    await client.execute('create table effect (what text)')
  })
  afterAll(() => {
    client.close()
    rmSync(folder, { recursive: true })
  })

  it(
    `[TSK15] at any call, up to three of them, ${STORIES} times: each effect comes once`,
    { timeout: 900_000 },
    async () => {
      const kill = fc.record({ call: fc.nat(MAX_CALL), how: fc.constantFrom(...HOW) })
      const story = fc.record({
        kills: fc.array(kill, { minLength: 1, maxLength: 3 }),
        tasks: fc.integer({ min: 1, max: 2 }),
      })
      await fc.assert(
        fc.asyncProperty(story, (told) => tell(client, told)),
        { numRuns: STORIES, endOnFailure: true },
      )
    },
  )
})

async function tell(client: Client, { kills, tasks }: { kills: Kill[]; tasks: number }): Promise<void> {
  const db = drizzle(client)
  for (const table of ['task', 'task_effect', 'task_lane', 'effect']) await client.execute(`delete from ${table}`)
  const store = createTaskStore(db)
  const time = { now: 1_000_000 }
  const ids = []
  for (let n = 0; n < tasks; n++) ids.push(await store.addTask({ ...HEAD, attempts: 20, payload: n }, time.now))
  const frozen: (() => void)[] = []
  for (const kill of kills) {
    const mortal = killable(client, kill, frozen)
    const runner = runnerOver(drizzle(mortal.client), mortal.step, time)
    runner.wake()
    await Promise.race([mortal.died, runner.quiet()])
    time.now += HOLD_MS + 1
  }
  // The last one lives. Those that froze wake up in its middle, and find that they hold nothing any more.
  const last = runnerOver(db, () => Promise.resolve(), time)
  for (let look = 0; look < 20; look++) {
    last.wake()
    if (look === 1) for (const thaw of frozen) thaw()
    await last.quiet()
    const found = await store.listTasks('everybody', { limit: 9 })
    if (found.every(({ state }) => isOver(state))) break
    time.now += 15 * 60_000
  }
  for (const thaw of frozen) thaw()
  const found = await store.listTasks('everybody', { limit: 9 })
  expect(found.map(({ state }) => state)).toEqual(ids.map(() => 'done'))
  const { rows } = await client.execute('select what, count(*) as times from effect group by what')
  const wanted = ids.flatMap((id) => ['a', 'b'].map((step) => ({ what: `${id} ${step}`, times: 1 })))
  const byName = (a: { what: string }, b: { what: string }): number => a.what.localeCompare(b.what)
  expect(rows.map(({ what, times }) => ({ what: String(what), times })).toSorted(byName)).toEqual(
    wanted.toSorted(byName),
  )
}

function runnerOver(db: TaskDatabase, step: () => Promise<void>, time: { now: number }): TaskRunner {
  const clock = { now: () => time.now, sleep: () => Promise.resolve() } as unknown as Clock
  const kind = scriptedKind(async (_payload, { attempt }) => {
    for (const name of ['a', 'b']) {
      const key = `${attempt.id} ${name}`
      await step()
      await doOnce(db, { attempt, key, now: time.now }, [db.run(sql`insert into effect (what) values (${key})`)])
      await step()
    }
  })
  return new TaskRunner({
    kinds: [kind],
    queues: [{ name: HEAD.queue, atOnce: 2, atOnceOfUser: 2 }],
    table: createTaskTable(db),
    clock,
    log: silentLog,
    setAlarm: () => {},
    random: () => 0,
  })
}

/** A client, and a step between its calls, that end or freeze at the given call; nothing answers after that. */
function killable(client: Client, { call, how }: Kill, frozen: (() => void)[]) {
  const died = Promise.withResolvers<void>()
  const thawed = Promise.withResolvers<void>()
  let calls = 0
  let isGone = false
  const at = async <T>(work: () => Promise<T>): Promise<T> => {
    if (isGone) {
      if (how !== 'frozen') return new Promise(() => {})
      await thawed.promise
      return work()
    }
    if (calls++ < call) return work()
    isGone = true
    if (how === 'after') await work().catch(() => {})
    died.resolve()
    if (how !== 'frozen') return new Promise(() => {})
    frozen.push(() => thawed.resolve())
    await thawed.promise
    return work()
  }
  const mortal = new Proxy(client, {
    get: (real, name) => {
      const member: unknown = Reflect.get(real, name)
      if (name !== 'execute' && name !== 'batch') return member
      return (...args: unknown[]) => at(() => Reflect.apply(member as () => Promise<unknown>, real, args))
    },
  })
  return { client: mortal, died: died.promise, step: () => at(() => Promise.resolve()) }
}
