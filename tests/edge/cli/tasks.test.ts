// `parley tasks` as an operator runs it, beside a database that nobody serves.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openDatabase, type OpenDatabase } from '#edge/runtime/node/database.ts'
import { createStore, type Store } from '#edge/store/store.ts'
import type { TaskView } from '#shared/tasks/task.ts'
import { HEAD } from '#tests/fakes/task-kinds.ts'
import { parley } from './parley.ts'

let data: string
let database: OpenDatabase
let store: Store
beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'parley-tasks-'))
  database = await openDatabase({ url: pathToFileURL(join(data, 'edge.db')).href })
  await database.migrate()
  store = createStore(database.db)
})
afterAll(async () => {
  await database.close()
  rmSync(data, { recursive: true })
})
const run = (...args: string[]) => parley(['tasks', ...args, '--data', data])

it('[TSK18] a task is listed, shown, cancelled and tried again', async () => {
  const id = (await store.tasks.addTask({ ...HEAD, payload: null }, Date.now())) ?? 'tsk_none'
  expect((await run('list')).stdout).toContain(`${id}  test.do  queued`)
  expect(JSON.parse((await run('list', '--json', '--state', 'dead')).stdout)).toEqual([])
  expect((await run('list', '--state', 'lost')).stderr).toContain('--state: expected one of queued')
  const shown = JSON.parse((await run('show', id, '--json')).stdout) as TaskView
  expect(shown).toMatchObject({ id, state: 'queued', attempt: 0 })
  expect((await run('cancel', id)).stdout).toBe(`${id} is cancelled\n`)
  expect((await run('cancel', id)).code).toBe(1)
  expect((await run('retry', id)).code).toBe(0)
  expect(await store.tasks.task('everybody', id)).toMatchObject({ state: 'queued', attempts: 5 })
  expect((await run('show', 'tsk_nothere')).code).toBe(1)
})

it('[TSK18] queues are paused, drained and go on, and the counts say so', async () => {
  expect((await run('drain')).code).toBe(0)
  expect((await run('pause', 'voices')).code).toBe(0)
  const { stdout } = await run('stats')
  expect(stdout).toContain('paused: *, voices')
  expect(stdout).toMatch(/test +queued +1/)
  for (const queue of ['*', 'voices']) expect((await run('resume', queue)).code).toBe(0)
  expect(JSON.parse((await run('stats', '--json')).stdout)).toMatchObject({ paused: [] })
})
