// The engines of the nodes, through the tunnel, on a real edge of either host.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { EngineReport } from '#shared/model/engine.ts'
import { ScriptedNode } from '#tests/fakes/scripted-node.ts'
import { faultIn, startTestEdge, type TestEdge } from './test-edge.ts'

const F5: EngineReport = {
  id: 'f5',
  role: 'tts',
  name: 'f5-tts',
  version: '1.1.20',
  demonstration: false,
  kind: 'managed',
  state: 'stopped',
  reason: null,
  device: null,
  vramBytes: null,
  queueMs: 12.5,
  latencyMs: { p50: 100, p95: 180, turns: 20 },
  fallbacks: { queueWait: 2 },
}

describe('models', () => {
  let edge: TestEdge
  let admin: string
  let key: string
  const nodes: ScriptedNode[] = []
  beforeAll(async () => {
    edge = await startTestEdge()
    admin = (await edge.newKey(['admin'], { rateFactor: 100 })).key
    key = (await edge.newKey()).key
  })
  afterAll(() => edge.close())
  afterEach(async () => {
    for (const node of nodes.splice(0)) node.die()
    await expect.poll(async () => (await list()).nodes.length, { timeout: 15_000 }).toBe(0)
  })

  /** A node that has F5 and answers what it is asked by the script. */
  async function join(name: string, answers: Record<string, unknown>): Promise<{ nodeId: string; asked: unknown[] }> {
    const { token, nodeId } = await edge.store.nodes.addNode({ name, now: Date.now() })
    const engines = [
      { role: 'tts', name: 'f5-tts', version: '1', demonstration: false, ready: true, id: 'f5' } as const,
    ]
    const node = await new ScriptedNode({ edgeUrl: edge.url.replace('http', 'ws'), token, name, engines }).join()
    nodes.push(node)
    const asked: unknown[] = []
    const listen = async (): Promise<void> => {
      for (;;) {
        const { id, method, params } = await node.told.next('request')
        asked.push({ method, params })
        const answer = answers[method]
        if (answer !== undefined) node.say({ type: 'response', id, ...(answer as object) })
      }
    }
    // Ends with the node.
    listen().catch(() => {})
    return { nodeId, asked }
  }
  const list = async () =>
    (await (await edge.request('/api/models', { key: admin })).json()) as { nodes: Array<Record<string, unknown>> }
  const post = (path: string, by = admin) => edge.request(`/api/models/${path}`, { method: 'POST', key: by })

  it('[MOD1] every node tells its engines; one that cannot be read takes nothing from the others', async () => {
    const good = await join('good', { 'models.list': { result: [F5] } })
    const odd = await join('odd', { 'models.list': { result: 'nonsense' } })
    const { nodes: told } = await list()
    expect(told.find(({ nodeId }) => nodeId === good.nodeId)).toEqual({
      nodeId: good.nodeId,
      name: 'good',
      models: [F5],
    })
    expect(told.find(({ nodeId }) => nodeId === odd.nodeId)).toMatchObject({
      models: null,
      fault: { code: 'unavailable' },
    })
    expect((await edge.request('/api/models', { key })).status).toBe(200)
    const failed = { ...F5, state: 'failed', reason: 'cannot be started: /somebody/f5/bin/python' } as const
    await join('failed', { 'models.list': { result: [failed] } })
    expect(JSON.stringify(await list())).toContain('somebody')
    expect(await (await edge.request('/api/models', { key })).text()).not.toContain('somebody')
    expect((await edge.request('/api/models')).status).toBe(401)
  })

  it('[MOD2] an operator loads and unloads on one node or on all that have it, and hears of each', async () => {
    const one = await join('one', { 'models.preload': { result: {} }, 'models.unload': { result: {} } })
    const two = await join('two', { 'models.preload': { fault: { type: 'fault', code: 'unavailable', message: '' } } })
    const loaded = (await (await post('f5/preload')).json()) as { nodes: object[] }
    expect(loaded.nodes).toHaveLength(2)
    expect(loaded.nodes).toContainEqual({ nodeId: one.nodeId, name: 'one', done: true })
    expect(loaded.nodes).toContainEqual(expect.objectContaining({ nodeId: two.nodeId, done: false }))
    expect(one.asked).toEqual([{ method: 'models.preload', params: { id: 'f5' } }])
    const unloaded = await post(`f5/unload?node=${one.nodeId}`)
    expect(await unloaded.json()).toEqual({ nodes: [{ nodeId: one.nodeId, name: 'one', done: true }] })
    expect(two.asked).toHaveLength(1)
    const refused = await post(`f5/preload?node=${two.nodeId}`)
    expect([refused.status, await faultIn(refused)]).toMatchObject([503, { code: 'unavailable' }])
  })

  it('[MOD3] what is not there is not found, and whoever is no operator loads nothing', async () => {
    const { nodeId } = await join('one', {})
    expect((await post('whisper/preload')).status).toBe(404)
    expect((await post('..%2fx/preload')).status).toBe(404)
    expect((await post('f5/preload?node=nod_gone')).status).toBe(404)
    expect((await post('f5/preload?node=x')).status).toBe(400)
    expect((await post(`f5/preload?node=${nodeId}`, key)).status).toBe(403)
  })

  it('[REQ3] a node that goes away in the middle ends the question at once', async () => {
    const { nodeId, asked } = await join('one', {})
    const answer = post(`f5/preload?node=${nodeId}`)
    await expect.poll(() => asked.length).toBe(1)
    for (const node of nodes.splice(0)) node.die()
    const refused = await answer
    expect([refused.status, await faultIn(refused)]).toMatchObject([502, { code: 'node_lost' }])
  })
})
