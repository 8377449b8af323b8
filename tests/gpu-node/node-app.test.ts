// GET /health, GET /status and GET /metrics of one node.
import { describe, expect, it } from 'vitest'
import type { NodeView } from '#gpu-node/app.ts'
import { createNodeApp, serveStatus } from '#gpu-node/app.ts'
import { SafetyCounts } from '#gpu-node/safety-counts.ts'
import { quietEngines } from './node-world.ts'

const safety = new SafetyCounts()

function view(facts: { isWelcome: boolean; isReady: boolean }): NodeView {
  const { vad, llm } = quietEngines()
  const engines = [vad, llm].map(({ engine }) => ({ ...engine, ready: facts.isReady }))
  return {
    control: { isWelcome: facts.isWelcome },
    sessions: { isDraining: false },
    outbox: { count: async () => 4 },
    safety,
    speechCache: () => ({ hits: 3, misses: 1, entries: 2, bytes: 96_000 }),
    status: () => ({ slots: 3, freeSlots: 2, sessions: ['ses_abc'], engines, vram: null }),
  }
}

describe('node app', () => {
  it.each([
    [true, true, 'healthy'],
    [false, true, 'degraded'],
    [true, false, 'degraded'],
  ])(
    '[NOD10] /health with the edge there: %s and the engines ready: %s says %s',
    async (isWelcome, isReady, status) => {
      const response = await createNodeApp(view({ isWelcome, isReady })).request('/health')
      expect(response.status).toBe(200)
      expect(await response.json()).toMatchObject({ status, edge: isWelcome, models: { llm: { ready: isReady } } })
    },
  )

  it('[NOD11] /status says what the edge is told, and how many turns wait in the outbox', async () => {
    const response = await createNodeApp(view({ isWelcome: true, isReady: true })).request('/status')
    expect(await response.json()).toMatchObject({
      slots: 3,
      freeSlots: 2,
      outbox: 4,
      isDraining: false,
      speechCache: { hits: 3, misses: 1 },
    })
  })

  it('[SAF21] /metrics counts what the filters did, each decision of each turn', async () => {
    const blocked = { layer: 'input', family: 'override', action: 'block' } as const
    const masked = { layer: 'output', family: 'email', action: 'mask' } as const
    for (const decisions of [[blocked], [blocked, masked], undefined]) safety.note({ safety: decisions })
    const response = await createNodeApp(view({ isWelcome: true, isReady: true })).request('/metrics')
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/)
    const text = await response.text()
    expect(text).toContain('parley_node_safety_decisions_total{layer="input",family="override",action="block"} 2\n')
    expect(text).toContain('parley_node_safety_decisions_total{layer="output",family="email",action="mask"} 1\n')
  })

  it('[NOD12] it is served on the loopback interface until it is stopped', async () => {
    const { port, stop } = await serveStatus(0, view({ isWelcome: true, isReady: true }))
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200)
    await stop()
    await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow()
  })
})
