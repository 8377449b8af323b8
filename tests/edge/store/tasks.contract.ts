// The contract of TaskStore, run against each database that can stand behind the Store.
import { describe, expect, it } from 'vitest'
import type { Store } from '#edge/store/store.ts'
import type { NewTask } from '#shared/task-store/task-rows.ts'
import type { TaskId } from '#shared/ids.ts'
import { DEFAULT_PAUSES } from '#shared/tasks/pause.ts'
import type { TakenTask } from '#shared/tasks/task.ts'
import { KEEP_DEAD_MS, KEEP_DONE_MS } from '#shared/tasks/task-kind.ts'
import type { Outcome } from '#shared/tasks/task-reduce.ts'
import type { OpenStore } from './store.contract.ts'

const NOW = Date.UTC(2026, 10, 1)
const HOLD_MS = 1_000
const SIMPLE: NewTask = { name: 'x.do', queue: 'q', priority: 5, attempts: 3, payload: null }
const FAILED = { code: 'internal', message: 'no', trace: '' }

export function tasksContract(name: string, open: () => Promise<OpenStore>): void {
  const takeAll = async (store: Store, now: number, limits = {}): Promise<TakenTask[]> => {
    const wanted = { queue: 'q', limit: 99, atOnce: 99, atOnceOfUser: 99, ...limits }
    return (await store.tasks.take([wanted], { now, until: now + HOLD_MS })).tasks
  }
  const takeOne = async (store: Store, now: number): Promise<TakenTask> => {
    const [task] = await takeAll(store, now, { limit: 1 })
    if (!task) throw new Error('no task is due')
    return task
  }
  const settle = (store: Store, task: TakenTask, outcome: Outcome, now: number) =>
    store.tasks.settle(task, { outcome, result: { n: 1 }, now, pauses: DEFAULT_PAUSES, random: 0 })
  const add = async (store: Store, task: Partial<NewTask>, now = NOW): Promise<TaskId> => {
    const id = await store.tasks.addTask({ ...SIMPLE, ...task }, now)
    if (!id) throw new Error('it was not added')
    return id
  }

  describe(`tasks: ${name}`, () => {
    it('[TSK1] a task has one holder until his hold ends; only the latest can write of it', async () => {
      const { store, close } = await open()
      const id = await add(store, { payload: { a: [1] } })
      const first = await takeOne(store, NOW)
      expect(first).toMatchObject({ id, attempt: 1, payload: { a: [1] }, userId: null })
      expect(await takeAll(store, NOW + HOLD_MS - 1)).toEqual([])
      expect(await store.tasks.renew([{ ...first, progress: 0.5 }], { now: NOW, until: NOW + 2 * HOLD_MS })).toEqual({
        held: [id],
        cancelled: [],
      })
      expect(await store.tasks.task('everybody', id)).toMatchObject({ state: 'taken', progress: 0.5 })
      expect(await takeAll(store, NOW + HOLD_MS)).toEqual([])
      const second = await takeOne(store, NOW + 2 * HOLD_MS)
      expect(second.attempt).toBe(2)
      expect(await settle(store, first, { type: 'done' }, NOW)).toBe(false)
      expect(await store.tasks.renew([{ ...first, progress: 1 }], { now: NOW, until: NOW * 2 })).toEqual({
        held: [],
        cancelled: [],
      })
      expect(await settle(store, second, { type: 'done' }, NOW)).toBe(true)
      expect(await settle(store, second, { type: 'done' }, NOW)).toBe(false)
      expect(await store.tasks.task('everybody', id)).toMatchObject({ state: 'done', progress: 1, result: { n: 1 } })
      expect(await takeAll(store, NOW * 2)).toEqual([])
      await close()
    })

    it('[TSK2] each failure is followed by its pause, and the last by nothing; one that is hopeless is the last', async () => {
      const { store, close } = await open()
      const id = await add(store, {})
      let now = NOW
      for (const pauseMs of [10_000, 40_000]) {
        await settle(store, await takeOne(store, now), { type: 'failed', error: FAILED, isHopeless: false }, now)
        expect(await takeAll(store, now + pauseMs - 1)).toEqual([])
        now += pauseMs
      }
      await settle(store, await takeOne(store, now), { type: 'failed', error: FAILED, isHopeless: false }, now)
      expect(await store.tasks.task('everybody', id)).toMatchObject({ state: 'dead', attempt: 3, error: FAILED })
      const hopeless = await add(store, {})
      await settle(store, await takeOne(store, now), { type: 'failed', error: FAILED, isHopeless: true }, now)
      expect(await store.tasks.task('everybody', hopeless)).toMatchObject({ state: 'dead', attempt: 1 })
      await close()
    })

    it('[TSK3] users take turns: a pile of one stands before no other, and who was idle gains nothing by it', async () => {
      const { store, close } = await open()
      for (let n = 0; n < 4; n++) await add(store, { userId: 'usr_anna', payload: `a${n}` }, NOW + n)
      for (let n = 0; n < 2; n++) await add(store, { userId: 'usr_ben', payload: `b${n}` }, NOW + 10 + n)
      const served: unknown[] = []
      const serve = async () => {
        const task = await takeOne(store, NOW + 99)
        served.push(task.payload)
        await settle(store, task, { type: 'done' }, NOW + 99)
      }
      for (let n = 0; n < 5; n++) await serve()
      expect(served).toEqual(['a0', 'b0', 'a1', 'b1', 'a2'])
      for (let n = 0; n < 3; n++) await add(store, { userId: 'usr_carl', payload: `c${n}` }, NOW + 20 + n)
      await serve()
      await serve()
      expect(new Set(served.slice(5))).toEqual(new Set(['a3', 'c0']))
      await close()
    })

    it('[TSK4] the urgent goes first, whoever waits and for how long', async () => {
      const { store, close } = await open()
      for (const priority of [9, 5, 0, 5, 9, 0]) await add(store, { priority, payload: priority })
      const order: unknown[] = []
      for (let n = 0; n < 6; n++) order.push((await takeOne(store, NOW)).payload)
      expect(order).toEqual([0, 0, 5, 5, 9, 9])
      await close()
    })

    it('[TSK5] a queue and each user have so many at work and no more', async () => {
      const { store, close } = await open()
      for (let n = 0; n < 4; n++) await add(store, { userId: 'usr_anna' })
      for (let n = 0; n < 4; n++) await add(store, { userId: 'usr_ben' })
      await add(store, {})
      const limits = { atOnce: 4, atOnceOfUser: 1 }
      const first = await takeAll(store, NOW, limits)
      expect(first).toHaveLength(3)
      expect(new Set(first.map(({ userId }) => userId))).toEqual(new Set([null, 'usr_anna', 'usr_ben']))
      expect(await takeAll(store, NOW, limits)).toEqual([])
      expect(await takeAll(store, NOW, { atOnce: 4, atOnceOfUser: 9 })).toHaveLength(1)
      await close()
    })

    it('[TSK6] a task waits for its time, and of those with one key one alone is not over', async () => {
      const { store, close } = await open()
      const id = await add(store, { runAfter: NOW + 500, dedupeKey: 'once' })
      expect(await store.tasks.addTask({ ...SIMPLE, dedupeKey: 'once' }, NOW)).toBeUndefined()
      const early = await store.tasks.take([{ queue: 'q', limit: 1, atOnce: 9, atOnceOfUser: 9 }], {
        now: NOW + 499,
        until: NOW + 999,
      })
      expect(early).toEqual({ tasks: [], nextAt: NOW + 500 })
      const task = await takeOne(store, NOW + 500)
      expect(task.id).toBe(id)
      expect(await store.tasks.addTask({ ...SIMPLE, dedupeKey: 'once' }, NOW)).toBeUndefined()
      await settle(store, task, { type: 'done' }, NOW)
      expect(await store.tasks.addTask({ ...SIMPLE, dedupeKey: 'once' }, NOW)).toBeDefined()
      await close()
    })

    it('[TSK7] what waits is cancelled at once, and who works on it hears of it; what is over can be tried again', async () => {
      const { store, close } = await open()
      const [waiting, held] = [
        await add(store, { priority: 9, userId: 'usr_anna' }),
        await add(store, { userId: 'usr_ben' }),
      ]
      const task = await takeOne(store, NOW)
      expect(await store.tasks.cancelTask('usr_ben', waiting, NOW)).toBe(false)
      expect(await store.tasks.cancelTask('usr_anna', waiting, NOW)).toBe(true)
      expect(await store.tasks.cancelTask('usr_anna', waiting, NOW)).toBe(false)
      expect(await store.tasks.task('usr_anna', waiting)).toMatchObject({ state: 'cancelled', endedAt: NOW })
      expect(await store.tasks.cancelTask('everybody', held, NOW)).toBe(true)
      expect(await store.tasks.renew([{ ...task, progress: 0 }], { now: NOW, until: NOW + 9 })).toMatchObject({
        cancelled: [held],
      })
      await settle(store, task, { type: 'failed', error: FAILED, isHopeless: false }, NOW)
      expect(await store.tasks.task('everybody', held)).toMatchObject({ state: 'cancelled' })
      expect(await store.tasks.retryTask('everybody', held, NOW)).toBe(true)
      expect(await takeOne(store, NOW)).toMatchObject({ id: held, attempt: 2 })
      expect(await store.tasks.retryTask('everybody', held, NOW)).toBe(false)
      await close()
    })

    it('[TSK8] nothing is taken from a queue that is paused, nor from any when all are', async () => {
      const { store, close } = await open()
      await add(store, {})
      for (const queue of ['q', '*']) {
        await store.tasks.pauseQueue(queue, NOW)
        await store.tasks.pauseQueue(queue, NOW)
        expect(await takeAll(store, NOW)).toEqual([])
        expect((await store.tasks.taskStats(NOW)).paused).toEqual([queue])
        await store.tasks.resumeQueue(queue)
      }
      expect(await takeAll(store, NOW)).toHaveLength(1)
      await close()
    })

    it('[TSK9] what was over long enough is removed, a dead one later', async () => {
      const { store, close } = await open()
      const [done, dead] = [await add(store, {}), await add(store, {})]
      await settle(store, await takeOne(store, NOW), { type: 'done' }, NOW)
      await settle(store, await takeOne(store, NOW), { type: 'failed', error: FAILED, isHopeless: true }, NOW)
      expect(await store.tasks.sweepTasks(NOW + KEEP_DONE_MS - 1, 9)).toBe(0)
      expect(await store.tasks.sweepTasks(NOW + KEEP_DONE_MS, 9)).toBe(1)
      const left = await store.tasks.listTasks('everybody', { limit: 9 })
      expect([done, dead]).toContain(left[0]?.id)
      expect(left).toMatchObject([{ state: 'dead' }])
      expect(await store.tasks.sweepTasks(NOW + KEEP_DEAD_MS, 9)).toBe(1)
      await close()
    })

    it('[TSK10] lists are by page and filter, and a user sees his own alone', async () => {
      const { store, close } = await open()
      for (let n = 0; n < 5; n++) await add(store, { userId: n % 2 ? 'usr_anna' : 'usr_ben' }, NOW + n)
      const first = await store.tasks.listTasks('everybody', { limit: 2 })
      const second = await store.tasks.listTasks('everybody', { limit: 9, before: first[1]?.id })
      expect([...first, ...second].map(({ createdAt }) => createdAt - NOW)).toEqual([4, 3, 2, 1, 0])
      expect(await store.tasks.listTasks('usr_anna', { limit: 9 })).toHaveLength(2)
      await takeOne(store, NOW + 9)
      expect(await store.tasks.listTasks('everybody', { limit: 9, state: 'taken' })).toHaveLength(1)
      expect(await store.tasks.listTasks('everybody', { limit: 9, name: 'y.do' })).toEqual([])
      expect(await store.tasks.changedSince('everybody', NOW + 5, 9)).toMatchObject([{ state: 'taken' }])
      await close()
    })

    it('[TSK11] a schedule plans its task once for all times that were missed, and no runner plans it twice', async () => {
      const { store, close } = await open()
      const schedule = { name: 's', cron: '0 3 * * *', timeZone: 'Asia/Taipei', task: 'x.do', payload: 7 }
      const planned = { schedule, queue: 'q', priority: 5, attempts: 3 }
      const first = await store.tasks.plan([planned], NOW)
      expect(new Date(first ?? 0).toISOString()).toBe('2026-11-01T19:00:00.000Z')
      expect(await takeAll(store, NOW)).toEqual([])
      const late = NOW + 10 * 24 * 60 * 60_000
      await Promise.all([1, 2, 3].map(() => store.tasks.plan([planned], late)))
      expect(await takeAll(store, late)).toMatchObject([{ name: 'x.do', payload: 7 }])
      expect((await store.tasks.taskStats(late)).schedules).toMatchObject([{ name: 's', lastAt: late }])
      await close()
    })
  })
}
