// The chat driver against a scripted server on a real socket: text, usage, the request, and closing by abort.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import fc from 'fast-check'
import { createOpenAiLlm } from '#gpu-node/engines/openai/llm.ts'
import { endpointUrl } from '#gpu-node/engines/openai/request.ts'
import type { LlmDelta, LlmOptions } from '#gpu-node/engines/ports.ts'
import { silentLog } from '#shared/log.ts'
import type { OpenAiServer, Step } from '#tests/fakes/openai-server.ts'
import { chat, chatChunk, gate, jsonOf, listOf, sse, startOpenAiServer } from '#tests/fakes/openai-server.ts'

let server: OpenAiServer
beforeEach(async () => void (server = await startOpenAiServer()))
afterEach(async () => server.stop())

const ask = (overrides: Partial<LlmOptions> = {}): LlmOptions => ({
  messages: [{ role: 'user', content: 'hello' }],
  language: 'en',
  maxTokens: 64,
  signal: new AbortController().signal,
  ...overrides,
})

const textOf = (deltas: LlmDelta[]): string => deltas.map((delta) => (delta.type === 'text' ? delta.text : '')).join('')

describe('a chat', () => {
  it('[DRV1] streams the text and tells the usage once, at the end', async () => {
    server.script(chat('Hel', 'lo ', '你好'))
    const llm = createOpenAiLlm({ url: server.url, model: 'm', log: silentLog })
    const deltas = await listOf(llm.complete(ask()))
    expect(deltas).toEqual([
      { type: 'text', text: 'Hel' },
      { type: 'text', text: 'lo ' },
      { type: 'text', text: '你好' },
      { type: 'usage', promptTokens: 7, completionTokens: 3 },
    ])
  })

  it('[DRV2] asks for a stream with usage, with model, token limit, key and traceparent', async () => {
    server.script(chat('ok'))
    const llm = createOpenAiLlm({ url: `${server.url}/v1/`, model: 'org/model', apiKey: 'sk-1', log: silentLog })
    await listOf(llm.complete(ask({ traceparent: '00-aa-bb-01' })))
    const request = await server.received(1)
    expect(request.path).toBe('/v1/chat/completions')
    expect(request.headers).toMatchObject({ authorization: 'Bearer sk-1', traceparent: '00-aa-bb-01' })
    expect(jsonOf(request)).toEqual({
      model: 'org/model',
      messages: [{ role: 'user', content: 'hello' }],
      max_tokens: 64,
      stream: true,
      stream_options: { include_usage: true },
    })
  })

  it('[DRV3] takes base addresses with or without version and slash, and refuses credentials in them', () => {
    const cases = [
      ['http://h:8000', 'http://h:8000/v1/chat'],
      ['http://h:8000/', 'http://h:8000/v1/chat'],
      ['http://h:8000/v1', 'http://h:8000/v1/chat'],
      ['http://h:8000/v1/', 'http://h:8000/v1/chat'],
      ['https://h/openai', 'https://h/openai/v1/chat'],
      ['https://h/api/v3', 'https://h/api/v3/chat'],
      ['https://h/v1beta/openai/', 'https://h/v1beta/openai/chat'],
      ['https://h/v1?api-version=2', 'https://h/v1/chat?api-version=2'],
    ] as const
    for (const [base, url] of cases) expect(endpointUrl(base, 'chat').href).toBe(url)
    expect(() => endpointUrl('http://user:secret@h', 'chat')).toThrow(/^(?!.*secret)/)
    expect(() => endpointUrl('no address', 'chat')).toThrow()
  })

  it('[DRV4] text whose bytes the network cut within a character is whole', async () => {
    const bytes = Buffer.from(chatChunk('你好，世界'))
    const [seen, cut] = [gate(), bytes.indexOf(Buffer.from('世')) + 1]
    server.script({
      steps: [
        { write: Buffer.concat([Buffer.from(chatChunk('a')), bytes.subarray(0, cut)]) },
        { until: seen.opened },
        { write: bytes.subarray(cut) },
        { write: sse('[DONE]') },
      ],
    })
    const llm = createOpenAiLlm({ url: server.url, model: 'm', log: silentLog })
    const texts: string[] = []
    for await (const delta of llm.complete(ask())) {
      if (delta.type === 'text') texts.push(delta.text)
      seen.open()
    }
    expect(texts).toEqual(['a', '你好，世界'])
  })

  it('[DRV4] any splitting of the bytes yields the same text', async () => {
    const stream = [
      ': keep-alive\r\n\r\n',
      ...chat('Hé', 'llo 👋', ' 你好\n"x"').steps.map((step) => ('write' in step ? step.write : '')),
    ]
    const bytes = Buffer.from(stream.join(''))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 40 }), async (cuts) => {
        const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
        const parts = edges.slice(1).map((end, i) => new Uint8Array(bytes.subarray(edges[i], end)))
        const llm = createOpenAiLlm({ url: server.url, model: 'm', log: silentLog, fetch: answeringWith(parts) })
        expect(textOf(await listOf(llm.complete(ask())))).toBe('Héllo 👋 你好\n"x"')
      }),
      { numRuns: 100 },
    )
  })

  it('[DRV5] reasoning is not spoken, wherever its tags are cut', async () => {
    const reasoning = sse({ choices: [{ delta: { reasoning_content: 'hmm', content: null } }] })
    server.script(
      { steps: [{ write: reasoning }, ...chat('\n<th', 'ink>let me', ' see</thi', 'nk>\n', '\nSi', 'x.').steps] },
      chat('<th', 'e> is a tag'),
    )
    const llm = createOpenAiLlm({ url: server.url, model: 'm', log: silentLog })
    expect(textOf(await listOf(llm.complete(ask())))).toBe('Six.')
    expect(textOf(await listOf(llm.complete(ask())))).toBe('<the> is a tag')
  })
})

describe('the end of a chat', () => {
  it('[DRV6] an abort closes the connection and rejects with its reason', async () => {
    server.script({ steps: [{ write: chatChunk('one ') }, { hang: true }] })
    const controller = new AbortController()
    const llm = createOpenAiLlm({ url: server.url, model: 'm', log: silentLog })
    const reading = async (): Promise<void> => {
      for await (const _ of llm.complete(ask({ signal: controller.signal })))
        queueMicrotask(() => controller.abort('bargeIn'))
    }
    await expect(reading()).rejects.toBe('bargeIn')
    expect(await (await server.received(1)).outcome).toBe('cut')
  })

  it('[DRV6] an abort before the first token closes the connection too, and an aborted signal sends nothing', async () => {
    server.script({ steps: [{ hang: true }] })
    const controller = new AbortController()
    const llm = createOpenAiLlm({ url: server.url, model: 'm', log: silentLog })
    const reading = listOf(llm.complete(ask({ signal: controller.signal })))
    const request = await server.received(1)
    controller.abort('hangUp')
    await expect(reading).rejects.toBe('hangUp')
    expect(await request.outcome).toBe('cut')
    await expect(listOf(llm.complete(ask({ signal: controller.signal })))).rejects.toBe('hangUp')
    expect(server.requests).toHaveLength(1)
  })

  it('[DRV6] whoever stops reading closes the connection', async () => {
    server.script({ steps: [{ write: chatChunk('one ') }, { hang: true }] })
    const llm = createOpenAiLlm({ url: server.url, model: 'm', log: silentLog })
    for await (const _ of llm.complete(ask())) break
    expect(await (await server.received(1)).outcome).toBe('cut')
  })

  it.each<Step>([{ destroy: true }, { hang: true }])(
    '[DRV7] the usage is not waited for: after its finish reason a stream may %o',
    async (last) => {
      const seen = gate()
      server.script({ steps: [{ write: chatChunk('ok', 'stop') }, { until: seen.opened }, last] })
      const llm = createOpenAiLlm({ url: server.url, model: 'm', log: silentLog })
      const deltas: LlmDelta[] = []
      for await (const delta of llm.complete(ask())) {
        deltas.push(delta)
        seen.open()
      }
      expect(deltas).toEqual([{ type: 'text', text: 'ok' }])
    },
  )

  it('[DRV8] a finished stream leaves its connection to the next request', async () => {
    server.script(chat('ok'))
    const llm = createOpenAiLlm({ url: server.url, model: 'm', log: silentLog })
    await vi.waitFor(
      async () => {
        await listOf(llm.complete(ask()))
        const [last, before] = server.requests.toReversed()
        expect(last?.connection).toBe(before?.connection)
      },
      { timeout: 10_000 },
    )
  })
})

/** A fetch that answers with exactly these network chunks. */
function answeringWith(parts: Uint8Array<ArrayBuffer>[]): typeof fetch {
  return async () => {
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (stream) => {
        for (const part of parts) stream.enqueue(part)
        stream.close()
      },
    })
    return new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } })
  }
}
