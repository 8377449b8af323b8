// GET /health in each state of nodes and store.
import { describe, expect, it } from 'vitest'
import { createApp } from '#edge/app.ts'
import type { EdgePorts } from '#edge/ports.ts'
import { fakePorts, LLM, nodeView, STT } from './fake-ports.ts'

describe('GET /health', () => {
  const health = async (ports: EdgePorts) => {
    const answer = await createApp(ports).request('/health')
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }

  it('[OPS8] is healthy with a node whose engines are all ready, and adds the nodes up', async () => {
    const other = nodeView({
      nodeId: 'nod_two',
      slots: 2,
      freeSlots: 0,
      vram: null,
      engines: [{ ...LLM, state: 'ready' }],
    })
    expect(await health(fakePorts([nodeView(), other]).ports)).toEqual({
      status: 200,
      body: {
        status: 'healthy',
        version: '1.0.0',
        models: {
          stt: [{ id: 'sphinx@5', ready: true, demonstration: true, nodes: 1, states: [] }],
          llm: [{ id: 'qwen@3', ready: true, demonstration: false, nodes: 2, states: ['ready'] }],
        },
        nodes: 2,
        slots: { total: 6, free: 3 },
        sessions: 1,
        vram: { usedBytes: 10, totalBytes: 24, usedFraction: 0.417 },
      },
    })
  })

  it('[OPS9] is degraded without a node and with an engine that is not ready, and still answers 200', async () => {
    expect(await health(fakePorts().ports)).toMatchObject({
      status: 200,
      body: { status: 'degraded', nodes: 0, vram: null },
    })
    const loading = nodeView({ engines: [STT, { ...LLM, ready: false }] })
    expect(await health(fakePorts([nodeView(), loading]).ports)).toMatchObject({
      status: 200,
      body: { status: 'degraded', models: { llm: [{ ready: false, nodes: 2 }] } },
    })
  })

  it('[OPS10] is unhealthy, with 503, when the store fails or does not answer within 2 s', async () => {
    const broken = fakePorts([nodeView()])
    broken.store.failure = new Error('disk full')
    expect(await health(broken.ports)).toMatchObject({ status: 503, body: { status: 'unhealthy' } })

    const hanging = fakePorts([nodeView()])
    const ports = { ...hanging.ports, store: { ...hanging.store, ping: () => new Promise<void>(() => {}) } }
    const asked = health(ports)
    await hanging.clock.advance(2_000)
    expect(await asked).toMatchObject({ status: 503, body: { status: 'unhealthy' } })
    expect(hanging.clock.pending).toBe(0)
  })
})
