// Tasks as each host runs them, with a real database: planned by a row or a route, done by the host's own runner, and seen
// over HTTP by whom they concern.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_PAUSES } from '#shared/tasks/pause.ts'
import type { TaskView } from '#shared/tasks/task.ts'
import { startTestEdge, type TestEdge } from '#tests/edge/http/test-edge.ts'
import { turnRecord } from '#tests/fakes/turn-record.ts'

const SIMPLE = { name: 'upkeep.sessions', queue: 'upkeep', priority: 0, attempts: 3, payload: null }

describe('tasks of a host', () => {
  let edge: TestEdge
  let admin: string
  beforeAll(async () => {
    edge = await startTestEdge()
    admin = (await edge.newKey(['admin'])).key
  })
  afterAll(() => edge.close())
  const read = async <T>(path: string, key: string): Promise<T> =>
    (await edge.request(path, { key })).json() as Promise<T>
  const post = (path: string, key: string, body?: unknown) =>
    edge.request(path, {
      key,
      method: 'POST',
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
  const stateOf = async (id: string | undefined, key = admin) => (await read<TaskView>(`/api/tasks/${id}`, key)).state

  it('[TSK16] the host does what is planned, and says so', async () => {
    const id = await edge.store.tasks.addTask(SIMPLE, Date.now())
    await edge.upkeep()
    await expect.poll(() => stateOf(id)).toBe('done')
    expect(await read(`/api/tasks/${id}`, admin)).toMatchObject({ result: { ended: 0 }, attempt: 1, progress: 1 })
  })

  it('[TSK16] what its holder left behind is taken up', async () => {
    const wanted = { queue: 'upkeep', limit: 1, atOnce: 99, atOnceOfUser: 9 }
    await post('/api/tasks/pause', admin, { queue: '*' })
    const id = await edge.store.tasks.addTask({ ...SIMPLE, priority: 0 }, Date.now())
    // It is taken by somebody who dies.
    await edge.store.tasks.resumeQueue('*')
    const now = Date.now()
    await edge.store.tasks.take([wanted], { now, until: now + 1 })
    await edge.upkeep()
    await expect.poll(() => stateOf(id)).toBe('done')
  })

  it('[TSK10] a user sees his own tasks alone, and an operator all, page by page', async () => {
    const { key, userId } = await edge.newKey(['talk'])
    const runAfter = Date.now() + 60_000_000
    const mine = await edge.store.tasks.addTask({ ...SIMPLE, userId, runAfter }, Date.now())
    const other = await edge.store.tasks.addTask({ ...SIMPLE, runAfter }, Date.now())
    type Page = { tasks: TaskView[]; nextCursor: string | null }
    expect(await read<Page>('/api/tasks', key)).toMatchObject({ tasks: [{ id: mine }], nextCursor: null })
    const first = await read<Page>('/api/tasks?limit=1&state=queued', admin)
    const second = await read<Page>(`/api/tasks?limit=1&state=queued&cursor=${first.nextCursor}`, admin)
    expect(new Set([...first.tasks, ...second.tasks].map(({ id }) => id))).toEqual(new Set([mine, other]))
    expect((await edge.request(`/api/tasks/${other}`, { key })).status).toBe(404)
    expect((await post(`/api/tasks/${other}/cancel`, key)).status).toBe(404)
    expect((await post(`/api/tasks/${mine}/cancel`, key)).status).toBe(204)
    expect(await stateOf(mine, key)).toBe('cancelled')
    expect((await post(`/api/tasks/${mine}/retry`, key)).status).toBe(204)
    await expect.poll(() => stateOf(mine, key)).toBe('done')
    expect((await post(`/api/tasks/${mine}/cancel`, key)).status).toBe(404)
    for (const path of ['pause', 'resume'])
      expect((await post(`/api/tasks/${path}`, key, { queue: '*' })).status).toBe(403)
    expect((await edge.request('/api/tasks/stats', { key })).status).toBe(403)
  })

  it('[TSK20] of an error the owner sees its code and public words, and the operator all', async () => {
    const { key, userId } = await edge.newKey(['talk'])
    const id = (await edge.store.tasks.addTask({ ...SIMPLE, queue: 'nobody', userId }, Date.now())) ?? 'tsk_none'
    const wanted = { queue: 'nobody', limit: 1, atOnce: 1, atOnceOfUser: 1 }
    const now = Date.now()
    const { tasks } = await edge.store.tasks.take([wanted], { now, until: now + 60_000 })
    const error = { code: 'internal', message: 'secret detail', trace: 'at secret.ts:1' }
    for (const task of tasks)
      await edge.store.tasks.settle(task, {
        outcome: { type: 'failed', error, isHopeless: true },
        now,
        pauses: DEFAULT_PAUSES,
        random: 0,
      })
    expect(await read(`/api/tasks/${id}`, admin)).toMatchObject({ state: 'dead', error })
    const seen = await read<TaskView>(`/api/tasks/${id}`, key)
    expect(seen.error).toMatchObject({ code: 'internal', trace: '' })
    expect(JSON.stringify([seen, await read('/api/tasks', key)])).not.toContain('secret')
  })

  it('[TSK17] whoever waits for a task hears of its end, and of no other user’s', async () => {
    const { key, userId } = await edge.newKey(['talk'])
    const answer = await edge.request('/api/tasks/changes', { key })
    expect(answer.headers.get('content-type')).toContain('text/event-stream')
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
    await edge.store.tasks.addTask(SIMPLE, Date.now())
    const mine = await edge.store.tasks.addTask({ ...SIMPLE, userId }, Date.now())
    await edge.upkeep()
    let text = ''
    while (!text.includes('"state":"done"')) text += (await reader?.read())?.value ?? ''
    await reader?.cancel()
    const ids = [...text.matchAll(/^id: (.+)$/gm)].map(([, id]) => id)
    expect(new Set(ids)).toEqual(new Set([mine]))
  })

  it('[TSK16] [HIS11] of a user with more turns than one request deletes, a task deletes the rest', async () => {
    const { key, userId } = await edge.newKey(['history:write', 'history:read'])
    const turns = Array.from({ length: 30 }, (_, at) => turnRecord({ turn: at + 1, startedAt: at }))
    const { conversationId } = await edge.conversation(userId, turns)
    // As a request that broke off after its first batch leaves it.
    await edge.store.edits.leave(userId, { now: Date.now() })
    await edge.upkeep()
    const left = () => edge.store.history.conversation('everybody', conversationId, { limit: 1 })
    await expect.poll(left).toBeUndefined()
    expect((await edge.request('/api/me', { key })).status).toBe(401)
  })
})
