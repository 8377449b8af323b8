// Every way in which an OpenAI-compatible server can fail, by the chat driver over a real socket: which fault comes out.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MAX_EVENT_CHARS } from '#gpu-node/engines/openai/events.ts'
import type { OpenAiLlmOptions } from '#gpu-node/engines/openai/llm.ts'
import { createOpenAiLlm } from '#gpu-node/engines/openai/llm.ts'
import type { LlmDelta } from '#gpu-node/engines/ports.ts'
import { FaultError } from '#shared/fault.ts'
import { silentLog } from '#shared/log.ts'
import type { Answer, OpenAiServer } from '#tests/fakes/openai-server.ts'
import { chatChunk, gate, json, sse, startOpenAiServer } from '#tests/fakes/openai-server.ts'

const KEY = 'sk-very-secret'
const WORDS = 'my-private-words'

let server: OpenAiServer
beforeEach(async () => void (server = await startOpenAiServer()))
afterEach(async () => server.stop())

/** Reads to the end, which must be a thrown one; `onDelta` sees what came before. */
async function failure(options: Partial<OpenAiLlmOptions> = {}, onDelta?: (delta: LlmDelta) => void): Promise<unknown> {
  const llm = createOpenAiLlm({ url: server.url, model: 'm', apiKey: KEY, log: silentLog, ...options })
  const signal = new AbortController().signal
  const messages = [{ role: 'user' as const, content: WORDS }]
  try {
    for await (const delta of llm.complete({ messages, language: 'en', maxTokens: 9, signal })) onDelta?.(delta)
  } catch (thrown) {
    return thrown
  }
  return 'no failure'
}

const faultOf = (thrown: unknown): unknown => (thrown instanceof FaultError ? thrown.fault : thrown)

const failed = (transient: boolean, detail: string): unknown => ({
  code: 'engine_failed',
  engineId: 'm@v1',
  stage: 'llm',
  transient,
  detail,
})

const openAiError = {
  error: { message: `Incorrect key ${KEY} for ${WORDS}`, type: 'invalid_request_error', code: null },
}

describe('a refusal', () => {
  const cases: [string, Answer, boolean, string][] = [
    ['401 with JSON', json(openAiError, 401), false, 'http 401 invalid_request_error'],
    [
      '404 of vLLM',
      json({ error: { message: 'x', type: 'NotFoundError', code: 404 } }, 404),
      false,
      'http 404 NotFoundError 404',
    ],
    ['422 with the request in it', json({ detail: [{ input: WORDS }] }, 422), false, 'http 422'],
    [
      '429',
      json({ error: { message: 'x', type: 'requests', code: 'rate_limit_exceeded' } }, 429),
      true,
      'http 429 requests rate_limit_exceeded',
    ],
    [
      '429 of an empty account',
      json({ error: { code: 'insufficient_quota' } }, 429),
      false,
      'http 429 insufficient_quota',
    ],
    [
      '500 with plain text',
      { status: 500, type: 'text/plain', steps: [{ write: 'Internal Server Error' }] },
      true,
      'http 500',
    ],
    [
      '503 whose body breaks',
      { status: 503, type: 'application/json', steps: [{ write: '{"err' }, { destroy: true }] },
      true,
      'http 503',
    ],
    ['a redirect', { status: 307, headers: { location: 'http://127.0.0.1:1/' }, steps: [] }, false, 'http 307'],
  ]
  it.each(cases)(
    '[DRV9] %s is engine_failed, transient where waiting may help',
    async (_, answer, transient, detail) => {
      server.script(answer)
      // Who is to blame is told by the next test.
      const { blames, ...fault } = faultOf(await failure()) as { blames?: string }
      expect(['request', undefined]).toContain(blames)
      expect(fault).toEqual(failed(transient, detail))
    },
  )

  it.each([
    [400, 'request'],
    [404, 'request'],
    [413, 'request'],
    [422, 'request'],
    [401, undefined],
    [429, undefined],
    [500, undefined],
    [503, undefined],
  ])('[DRV37] a refusal by %i blames %s', async (status, blames) => {
    server.script(json(openAiError, status))
    expect((faultOf(await failure()) as { blames?: string }).blames).toBe(blames)
  })

  it('[DRV10] neither the key nor a word of the caller is in the error', async () => {
    const streamed: Answer = { steps: [{ write: sse(openAiError) }] }
    for (const answer of [
      json(openAiError, 401),
      streamed,
      { type: 'text/html', steps: [{ write: `<p>${KEY} ${WORDS}` }] },
    ]) {
      server.script(answer)
      const thrown = await failure()
      expect(thrown).toBeInstanceOf(FaultError)
      const said = [JSON.stringify(faultOf(thrown)), String(thrown), String((thrown as Error).cause)].join()
      expect(said).not.toContain(KEY)
      expect(said).not.toContain(WORDS)
    }
  })

  it('[DRV11] an answer that is no event stream is engine_failed, and not transient', async () => {
    server.script(json({ choices: [{ message: { content: 'hello' } }] }))
    expect(faultOf(await failure())).toEqual(failed(false, 'an answer of type application/json'))
  })

  it('[DRV12] a server that is not there is engine_failed, transient, with the code of the socket', async () => {
    const { url } = server
    await server.stop()
    expect(faultOf(await failure({ url }))).toEqual(failed(true, 'connection ECONNREFUSED'))
    server = await startOpenAiServer()
  })
})

describe('in mid-stream', () => {
  const cases: [string, string, boolean, string][] = [
    [
      'an error event',
      sse({ error: { message: WORDS, type: 'InternalServerError', code: 500 } }),
      true,
      'error event InternalServerError 500',
    ],
    [
      'an error event that blames the request',
      sse({ error: { type: 'BadRequestError', code: 400 } }),
      false,
      'error event BadRequestError 400',
    ],
    ['an error event of one string', sse({ error: 'out of memory' }), true, 'error event'],
    [
      'an error object of older vLLM',
      sse({ object: 'error', message: 'x', type: 'EngineDead', code: null }),
      true,
      'error event EngineDead',
    ],
    ['an event that is not JSON', 'data: {"choices": [oops\n\n', false, 'an answer that is not JSON'],
    ['an event of unknown form', sse({ choices: 'many' }), false, 'an event of unknown form'],
    [
      'an event without end',
      `data: ${'x'.repeat(MAX_EVENT_CHARS + 1)}`,
      false,
      `an event of over ${MAX_EVENT_CHARS} characters`,
    ],
    ['an end without finish reason and end mark', '', true, 'the stream ended before the reply'],
  ]
  it.each(cases)('[DRV13] %s is engine_failed after the text before it', async (_, written, transient, detail) => {
    server.script({ steps: [{ write: chatChunk('Hi') }, { write: written }] })
    const texts: LlmDelta[] = []
    expect(faultOf(await failure({}, (delta) => texts.push(delta)))).toEqual(failed(transient, detail))
    expect(texts).toEqual([{ type: 'text', text: 'Hi' }])
  })

  it('[DRV13] a broken connection is engine_failed, and transient', async () => {
    const seen = gate()
    server.script({ steps: [{ write: chatChunk('Hi') }, { until: seen.opened }, { destroy: true }] })
    expect(faultOf(await failure({}, seen.open))).toMatchObject({ code: 'engine_failed', transient: true })
  })
})

describe('deadlines', () => {
  it('[DRV14] without a first word in time it is deadline_exceeded, whatever else comes, and the connection is closed', async () => {
    const thinking = sse({ choices: [{ delta: { role: 'assistant', content: '', reasoning_content: 'hm' } }] })
    for (const steps of [[], [{ write: `: keep-alive\n\n${thinking}` }]]) {
      server.script({ steps: [...steps, { hang: true }] })
      const fault = faultOf(await failure({ firstTokenTimeoutMs: 40 }))
      expect(fault).toEqual({ code: 'deadline_exceeded', stage: 'llm', limitMs: 40 })
      expect(await server.requests.at(-1)?.outcome).toBe('cut')
    }
  })

  it('[DRV15] a stream that pauses too long after its first word is deadline_exceeded', async () => {
    server.script({ steps: [{ write: chatChunk('Hi') }, { hang: true }] })
    const fault = faultOf(await failure({ idleTimeoutMs: 40 }))
    expect(fault).toEqual({ code: 'deadline_exceeded', stage: 'llm', limitMs: 40 })
    expect(await (await server.received(1)).outcome).toBe('cut')
  })
})
