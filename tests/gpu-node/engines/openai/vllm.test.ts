// The driver of the LLM against a server that speaks as vLLM does, and what is read of its queue.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LoadPoll } from '#gpu-node/engines/load/load-poll.ts'
import { largestSample } from '#gpu-node/engines/load/prometheus.ts'
import { createOpenAiLlm } from '#gpu-node/engines/openai/llm.ts'
import type { LlmDelta } from '#gpu-node/engines/ports.ts'
import { silentLog } from '#shared/log.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'
import { startVllmServer, type VllmServer } from '#tests/fakes/vllm-server.ts'

describe('vLLM', () => {
  let server: VllmServer
  beforeEach(async () => {
    server = await startVllmServer({ words: ['Good', ' morning', '.'] })
  })
  afterEach(() => server.stop())

  const ask = (signal = new AbortController().signal) =>
    createOpenAiLlm({ url: server.url, model: 'llm', log: silentLog }).complete({
      messages: [{ role: 'user', content: 'Hi' }],
      language: 'en',
      maxTokens: 16,
      signal,
    })
  const read = async (signal?: AbortSignal): Promise<LlmDelta[]> => {
    const deltas: LlmDelta[] = []
    for await (const delta of ask(signal)) deltas.push(delta)
    return deltas
  }

  it('[VLM1] the role without a word is no token, and usage comes with no choice at the end', async () => {
    expect(await read()).toEqual([
      { type: 'text', text: 'Good' },
      { type: 'text', text: ' morning' },
      { type: 'text', text: '.' },
      { type: 'usage', promptTokens: 12, completionTokens: 3 },
    ])
  })

  it('[VLM2] an error within the stream fails the reply after the words before it', async () => {
    server.script = { words: ['Good', ' morning'], diesAfter: 1 }
    const heard: string[] = []
    const reading = async (): Promise<void> => {
      for await (const delta of ask()) if (delta.type === 'text') heard.push(delta.text)
    }
    await expect(reading()).rejects.toMatchObject({ fault: { code: 'engine_failed', stage: 'llm' } })
    expect(heard).toEqual(['Good'])
  })

  it('[VLM3] a full queue is a transient failure', async () => {
    server.script = { words: [], isFull: true }
    await expect(read()).rejects.toMatchObject({ fault: { code: 'engine_failed', stage: 'llm', transient: true } })
  })

  it('[VLM4] a reader that stops hangs up, and the server sees the abort', async () => {
    server.script = { words: ['Good', ' morning'], hangsAfter: 1 }
    const stop = new AbortController()
    const reading = async (): Promise<void> => {
      for await (const _ of ask(stop.signal)) stop.abort('bargeIn')
    }
    await expect(reading()).rejects.toBe('bargeIn')
    await expect.poll(() => server.aborted()).toBe(1)
  })

  it('[VLM5] of vLLM nothing but the chat and the gauges is ever called by the driver and the poll', async () => {
    const clock = createVirtualClock()
    const poll = new LoadPoll({ sources: [{ role: 'llm', url: server.url }], clock })
    poll.start()
    await read()
    await clock.advance(2_000)
    await expect.poll(() => poll.latest().waitingRequests).toBe(0)
    poll.stop()
    expect(new Set(server.calls)).toEqual(new Set(['POST /v1/chat/completions', 'GET /metrics']))
  })

  it('[LOD1] the queue and the cache are read every 2 s, and are unknown when the server falls silent', async () => {
    server.script = { words: [], waiting: 5, kvCache: 0.93 }
    const clock = createVirtualClock()
    const poll = new LoadPoll({
      sources: [
        { role: 'llm', url: `${server.url}/v1` },
        { role: 'tts', url: server.url },
      ],
      clock,
    })
    expect(poll.latest()).toEqual({ waitingRequests: null, kvCacheFraction: null, sttQueueMs: null, ttsQueueMs: null })
    poll.start()
    await clock.advance(2_000)
    const known = { waitingRequests: 5, kvCacheFraction: 0.93, sttQueueMs: null, ttsQueueMs: null }
    await expect.poll(() => poll.latest()).toEqual(known)
    await server.stop()
    await clock.advance(8_000)
    expect(poll.latest().waitingRequests).toBeNull()
    poll.stop()
    server = await startVllmServer({ words: [] })
  })

  it.each([
    ['a 1\nb 2', 'b', 2],
    ['a{x="1"} 3\na{x="2"} 7.5', 'a', 7.5],
    ['a_total 9\na 1e2', 'a', 100],
    ['a{x="1"} NaN', 'a', null],
    ['# a 5', 'a', null],
    ['a{x="1"} 4 1700000000000', 'a', 4],
    ['', 'a', null],
  ])('[LOD2] of %j the largest sample of %s is %s', (text, name, sample) => {
    expect(largestSample(text, name)).toBe(sample)
  })
})
