// A runner over a real database file, in virtual time: what it begins, renews, stops and gives back.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openDatabase, type OpenDatabase } from '#edge/runtime/node/database.ts'
import { createTaskStore, type TaskStore } from '#edge/store/task-store.ts'
import type { TaskId } from '#shared/ids.ts'
import { silentLog } from '#shared/log.ts'
import { HOLD_MS, type QueueRules, type TaskKind } from '#shared/tasks/task-kind.ts'
import { TaskRunner, type RunnerParts } from '#shared/tasks/task-runner.ts'
import { emptyTables } from '#tests/edge/store/empty-tables.ts'
import { HEAD, scripted, scriptedKind } from '#tests/fakes/task-kinds.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

const QUEUE: QueueRules = { name: HEAD.queue, atOnce: 4, atOnceOfUser: 4 }

describe('a runner of tasks', () => {
  let folder: string
  let database: OpenDatabase
  let store: TaskStore
  let clock: ReturnType<typeof createVirtualClock>
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-runner-'))
    database = await openDatabase({ url: pathToFileURL(join(folder, 'edge.db')).href })
    await database.migrate()
  })
  afterAll(async () => {
    await database.close()
    rmSync(folder, { recursive: true })
  })
  beforeEach(async () => {
    await emptyTables(database)
    store = createTaskStore(database.db)
    clock = createVirtualClock()
  })

  const start = (kinds: TaskKind[], parts: Partial<RunnerParts> = {}): TaskRunner => {
    let cancel = (): void => {}
    const runner: TaskRunner = new TaskRunner({
      kinds,
      queues: [QUEUE],
      clock,
      log: silentLog,
      table: store,
      random: () => 0,
      setAlarm: (at) => {
        cancel()
        cancel = clock.after(Math.max(0, at - clock.now()), () => runner.alarm())
      },
      ...parts,
    })
    runner.wake()
    return runner
  }
  const add = async (payload: unknown): Promise<TaskId> => {
    const id = await store.addTask({ ...HEAD, payload }, clock.now())
    if (!id) throw new Error('it was not added')
    return id
  }
  const state = async (id: TaskId): Promise<string | undefined> => (await store.task('everybody', id))?.state
  const becomes = (id: TaskId, wanted: string) => expect.poll(() => state(id)).toBe(wanted)

  it('[TSK12] each task ends as it says: done with a result, failed to be tried again, dead, or later', async () => {
    const runner = start([scripted()])
    const [done, fails, hopeless, later] = [
      await add('x'),
      await add('fails'),
      await add('hopeless'),
      await add('later'),
    ]
    runner.wake()
    await becomes(done, 'done')
    await becomes(fails, 'failed')
    await becomes(hopeless, 'dead')
    await becomes(later, 'queued')
    expect(await store.task('everybody', done)).toMatchObject({ result: 'did x', error: null })
    expect(await store.task('everybody', fails)).toMatchObject({ error: { code: 'internal', message: 'it fails' } })
    expect(await store.task('everybody', later)).toMatchObject({ attempt: 1, attempts: 4, error: null })
    await runner.stop()
  })

  it('[TSK12] who fails to the end is given up once and is dead', async () => {
    const gone: unknown[] = []
    const kind = { ...scripted(), gaveUp: async (payload: unknown) => void gone.push(payload) }
    const runner = start([kind])
    const id = await add('fails')
    runner.wake()
    for (let attempt = 1; attempt <= HEAD.attempts; attempt++) {
      await expect.poll(async () => (await store.task('everybody', id))?.attempt).toBe(attempt)
      await becomes(id, attempt < HEAD.attempts ? 'failed' : 'dead')
      await clock.advance(60_000)
      runner.wake()
    }
    expect(gone).toEqual(['fails'])
    await runner.stop()
  })

  it('[TSK12] it renews its hold while the task runs, and aborts it at its limit, also one that is deaf', async () => {
    const runner = start([{ ...scripted(), limitMs: 3 * HOLD_MS }])
    const id = await add('deaf')
    runner.wake()
    await becomes(id, 'taken')
    for (let ms = 0; ms < 2.5 * HOLD_MS; ms += HOLD_MS / 4) {
      await clock.advance(HOLD_MS / 4)
      await expect
        .poll(async () => ((await store.task('everybody', id))?.takenUntil ?? 0) - clock.now())
        .toBeGreaterThan(HOLD_MS / 2)
    }
    await clock.advance(HOLD_MS)
    await becomes(id, 'failed')
    await runner.stop()
  })

  it('[TSK7] one that is cancelled while it runs is aborted at the next renewal', async () => {
    const runner = start([scripted()])
    const id = await add('hangs')
    runner.wake()
    await becomes(id, 'taken')
    await store.cancelTask('everybody', id, clock.now())
    await clock.advance(HOLD_MS / 2)
    await becomes(id, 'cancelled')
    await runner.stop()
  })

  it('[TSK13] a runner that stops gives back what runs, and the next takes it at once', async () => {
    const seen: string[] = []
    const first = start([scripted(seen)])
    const id = await add('hangs')
    first.wake()
    await becomes(id, 'taken')
    await first.stop()
    expect(await state(id)).toBe('queued')
    const second = start([scripted(seen)])
    await becomes(id, 'taken')
    expect(seen).toEqual(['hangs 1', 'hangs 2'])
    await second.stop()
  })

  it('[TSK13] what a killed runner held is taken up by another when its hold is over, and not before', async () => {
    const seen: string[] = []
    // It is not heard of any more.
    const killed = start([scripted(seen)], { setAlarm: () => {} })
    const id = await add('hangs')
    killed.wake()
    await becomes(id, 'taken')
    const next = start([scripted(seen)])
    await clock.advance(HOLD_MS - 1)
    expect(seen).toEqual(['hangs 1'])
    // The table answers in real time.
    const seenLater = async () => {
      await clock.advance(1_000)
      return seen
    }
    await expect.poll(seenLater).toEqual(['hangs 1', 'hangs 2'])
    await next.stop()
  })

  it('[TSK12] nothing is taken from a queue that is not open, and all at once when it opens', async () => {
    let isOpen = false
    const runner = start([scripted()], { queues: [{ ...QUEUE, isOpen: async () => isOpen }] })
    const id = await add('x')
    runner.wake()
    await runner.quiet()
    expect(await store.task('everybody', id)).toMatchObject({ state: 'queued', attempt: 0 })
    isOpen = true
    runner.wake()
    await becomes(id, 'done')
    await runner.stop()
  })

  it('[TSK12] a kind that this version does not know is left for another, and a payload it cannot read is dead', async () => {
    const unknown = (await store.addTask({ ...HEAD, name: 'other.do', payload: null }, clock.now())) ?? 'tsk_none'
    const kind = scriptedKind(async () => null, { payload: (await import('valibot')).number() as never })
    const runner = start([kind])
    const id = await add('no number')
    runner.wake()
    await becomes(id, 'dead')
    await becomes(unknown, 'queued')
    expect(await store.task('everybody', unknown)).toMatchObject({ attempts: HEAD.attempts + 1 })
    await runner.stop()
  })

  it('[TSK12] a table that cannot be read is asked again, and nothing is lost', async () => {
    let isBroken = true
    const table: TaskStore = {
      ...store,
      take: (...args) => (isBroken ? Promise.reject(new Error('away')) : store.take(...args)),
      settle: (...args) => (isBroken ? Promise.reject(new Error('away')) : store.settle(...args)),
    }
    const runner = start([scripted()], { table })
    const id = await add('x')
    runner.wake()
    await clock.advance(1_000)
    isBroken = false
    await clock.advance(10_000)
    await becomes(id, 'done')
    await runner.stop()
  })
})
