// The recognition driver against a scripted server on a real socket.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { OpenAiSttOptions } from '#gpu-node/engines/openai/stt.ts'
import { createOpenAiStt, MAX_STREAM_SAMPLES } from '#gpu-node/engines/openai/stt.ts'
import type { SttOptions, SttStream } from '#gpu-node/engines/ports.ts'
import { readWav } from '#shared/audio/wav.ts'
import { silentLog } from '#shared/log.ts'
import type { Answer, OpenAiServer, RecordedRequest } from '#tests/fakes/openai-server.ts'
import { formOf, gate, json, sse, startOpenAiServer } from '#tests/fakes/openai-server.ts'

let server: OpenAiServer
beforeEach(async () => void (server = await startOpenAiServer()))
afterEach(async () => server.stop())

const HALF_SECOND = Int16Array.from({ length: 8_000 }, (_, i) => i)

async function open(stream: Partial<SttOptions> = {}, options: Partial<OpenAiSttOptions> = {}): Promise<SttStream> {
  const stt = createOpenAiStt({ url: server.url, model: 'whisper', log: silentLog, partialEveryMs: 0, ...options })
  return await stt.open({ language: 'en', signal: new AbortController().signal, ...stream })
}

async function audioOf(request: RecordedRequest): Promise<{ sampleRate: number; samples: Int16Array }> {
  const file = (await formOf(request)).get('file')
  if (!(file instanceof File)) throw new Error('no file in the form')
  return readWav(new Uint8Array(await file.arrayBuffer()))
}

const events = (...values: unknown[]): Answer => ({ steps: values.map((value) => ({ write: sse(value) })) })

describe('the request', () => {
  it('[DRV16] sends all of the utterance as a WAV of 16 kHz, with model and language', async () => {
    server.script(json({ text: ' Hello there. ' }))
    const stream = await open({ language: 'zh', traceparent: '00-aa-bb-01' }, { apiKey: 'sk-1' })
    stream.push(HALF_SECOND)
    stream.push(HALF_SECOND.subarray(0, 100))
    expect(await stream.finish()).toBe('Hello there.')
    const request = await server.received(1)
    const form = await formOf(request)
    expect(request.path).toBe('/v1/audio/transcriptions')
    expect(request.headers).toMatchObject({ authorization: 'Bearer sk-1', traceparent: '00-aa-bb-01' })
    expect([form.get('model'), form.get('language'), form.get('stream')]).toEqual(['whisper', 'zh', 'true'])
    const { sampleRate, samples } = await audioOf(request)
    expect(sampleRate).toBe(16_000)
    expect(samples).toEqual(Int16Array.from([...HALF_SECOND, ...HALF_SECOND.subarray(0, 100)]))
  })

  it('[LNG8] sends the priming text as `prompt`, and no such field without one', async () => {
    for (const prompt of ['以下是繁體中文的句子。', undefined]) {
      server.script(json({ text: '好' }))
      const stream = await open({ language: 'zh', prompt })
      stream.push(HALF_SECOND)
      await stream.finish()
      const form = await formOf(server.requests.at(-1) ?? (await server.received(1)))
      expect(form.get('prompt')).toBe(prompt ?? null)
    }
  })

  it('[DRV17] reads the streams of both dialects, and shows the text as it grows', async () => {
    const delta = (text: string): unknown => ({ type: 'transcript.text.delta', delta: text })
    const chunk = (content: string): unknown => ({ object: 'transcription.chunk', choices: [{ delta: { content } }] })
    const dialects = [
      events(delta('Hello'), delta(' there'), { type: 'transcript.text.done', text: 'Hello there.' }),
      events(chunk('Hello'), chunk(' there'), chunk('.'), '[DONE]'),
    ]
    for (const answer of dialects) {
      server.script(answer)
      const partials: string[] = []
      const stream = await open({ onPartial: (text) => partials.push(text) })
      stream.push(HALF_SECOND)
      expect(await stream.snapshot()).toBe('Hello there.')
      expect(partials).toEqual(['Hello', 'Hello there', 'Hello there.'])
    }
  })

  it('[DRV18] a server that refuses to stream is asked without, and from then on at once', async () => {
    server.script(json({ error: { type: 'BadRequestError' } }, 400), json({ text: 'one' }), json({ text: 'two' }))
    const stt = createOpenAiStt({ url: server.url, model: 'm', log: silentLog })
    for (const text of ['one', 'two']) {
      const stream = await stt.open({ language: 'en', signal: new AbortController().signal })
      stream.push(HALF_SECOND)
      expect(await stream.finish()).toBe(text)
    }
    const streamed = await Promise.all(server.requests.map(async (request) => (await formOf(request)).get('stream')))
    expect(streamed).toEqual(['true', null, null])
  })

  it('[DRV19] without a tenth of a second of audio the text is empty and nothing is asked', async () => {
    const stream = await open()
    stream.push(HALF_SECOND.subarray(0, 1_000))
    expect(await stream.snapshot()).toBe('')
    expect(await stream.finish()).toBe('')
    expect(server.requests).toHaveLength(0)
  })

  it('[DRV20] at most 60 s of audio are kept and sent', async () => {
    server.script(json({ text: 'long' }))
    const stream = await open()
    stream.push(new Int16Array(MAX_STREAM_SAMPLES - 10))
    stream.push(HALF_SECOND)
    stream.push(HALF_SECOND)
    expect(await stream.finish()).toBe('long')
    const { samples } = await audioOf(await server.received(1))
    expect(samples.length).toBe(MAX_STREAM_SAMPLES)
    expect(samples.subarray(-10)).toEqual(HALF_SECOND.subarray(0, 10))
  })
})

describe('snapshots and partials', () => {
  it('[DRV21] a snapshot leaves the stream open, and the same audio is not asked twice', async () => {
    server.script(json({ text: 'hello' }), json({ text: 'hello you' }))
    const stream = await open()
    stream.push(HALF_SECOND)
    expect(await Promise.all([stream.snapshot(), stream.snapshot()])).toEqual(['hello', 'hello'])
    expect(await stream.snapshot()).toBe('hello')
    expect(server.requests).toHaveLength(1)
    stream.push(HALF_SECOND)
    expect(await stream.finish()).toBe('hello you')
    expect(server.requests).toHaveLength(2)
  })

  it('[DRV22] one stream has one request at a time: a later question replaces the one on its way and answers both', async () => {
    server.script({ steps: [{ hang: true }] }, json({ text: 'hello you' }))
    const stream = await open()
    stream.push(HALF_SECOND)
    const snapshot = stream.snapshot()
    const first = await server.received(1)
    stream.push(HALF_SECOND)
    expect(await stream.finish()).toBe('hello you')
    expect(await snapshot).toBe('hello you')
    expect(await first.outcome).toBe('cut')
    expect(server.requests).toHaveLength(2)
  })

  it('[DRV23] partial transcripts are asked for as audio comes, skipped while one is on its way, and off at 0', async () => {
    const held = gate()
    const held1: Answer = { type: 'application/json', steps: [{ until: held.opened }, { write: '{"text":"one"}' }] }
    server.script(held1, json({ text: 'one two' }))
    const partials: string[] = []
    const onPartial = vi.fn((text: string) => void partials.push(text))
    const stream = await open({ onPartial }, { partialEveryMs: 500 })
    stream.push(HALF_SECOND)
    await server.received(1)
    stream.push(HALF_SECOND)
    stream.push(HALF_SECOND)
    held.open()
    await vi.waitFor(() => expect(partials).toEqual(['one']), { timeout: 10_000 })
    stream.push(HALF_SECOND)
    await vi.waitFor(() => expect(partials).toEqual(['one', 'one two']), { timeout: 10_000 })
    expect(server.requests).toHaveLength(2)
    expect(server.open.most).toBe(1)
    const quiet = await open({ onPartial }, { partialEveryMs: 0 })
    quiet.push(HALF_SECOND)
    expect(await quiet.finish()).toBe('one two')
    expect(server.requests).toHaveLength(3)
    expect(partials).toHaveLength(2)
  })

  it('[DRV24] a failed partial transcript harms nothing', async () => {
    server.script(json({}, 500), json({ text: 'fine' }))
    const stream = await open({ onPartial: () => {} }, { partialEveryMs: 500 })
    stream.push(HALF_SECOND)
    await (
      await server.received(1)
    ).outcome
    stream.push(HALF_SECOND.subarray(0, 10))
    expect(await stream.finish()).toBe('fine')
  })
})

describe('the end', () => {
  it('[DRV25] an abort closes the request and rejects with its reason, and open() with an aborted signal too', async () => {
    server.script({ steps: [{ hang: true }] })
    const controller = new AbortController()
    const stream = await open({ signal: controller.signal })
    stream.push(HALF_SECOND)
    const text = stream.finish()
    const request = await server.received(1)
    controller.abort('hangUp')
    await expect(text).rejects.toBe('hangUp')
    expect(await request.outcome).toBe('cut')
    await expect(open({ signal: controller.signal })).rejects.toBe('hangUp')
  })

  it('[DRV25] close() closes the request, and may be called again', async () => {
    server.script({ steps: [{ hang: true }] })
    const stream = await open()
    stream.push(HALF_SECOND)
    const text = stream.snapshot()
    const request = await server.received(1)
    stream.close()
    stream.close()
    await expect(text).rejects.toBe('replaced')
    expect(await request.outcome).toBe('cut')
  })

  it('[DRV26] failures and deadlines of recognition are faults of the stage stt', async () => {
    const cases: [Answer, object][] = [
      [json({ error: { type: 'x' } }, 503), { code: 'engine_failed', transient: true, stage: 'stt' }],
      [json({ words: [] }), { code: 'engine_failed', transient: false, detail: 'an answer without text' }],
      [
        { type: 'text/plain', steps: [{ write: 'hello' }] },
        { code: 'engine_failed', transient: false },
      ],
      [events({ type: 'transcript.text.delta', delta: 'a' }), { code: 'engine_failed', transient: true }],
      [
        { type: 'application/json', steps: [{ hang: true }] },
        { code: 'deadline_exceeded', stage: 'stt', limitMs: 300 },
      ],
    ]
    for (const [answer, fault] of cases) {
      server.script(answer)
      const stream = await open({}, { answerTimeoutMs: 'limitMs' in fault ? 300 : 10_000 })
      stream.push(HALF_SECOND)
      await expect(stream.finish()).rejects.toMatchObject({ fault })
    }
  })
})
