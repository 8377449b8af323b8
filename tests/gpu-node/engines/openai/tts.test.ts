// The synthesis driver against a scripted server on a real socket.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { createPcmReader } from '#gpu-node/engines/openai/pcm.ts'
import type { OpenAiTtsOptions } from '#gpu-node/engines/openai/tts.ts'
import { TTS_DIALECTS } from '#gpu-node/engines/openai/dialects.ts'
import { createOpenAiTts, MAX_INPUT_CHARS } from '#gpu-node/engines/openai/tts.ts'
import type { Tts, TtsOptions } from '#gpu-node/engines/ports.ts'
import { concatPcm, pcmToBytes } from '#shared/audio/pcm.ts'
import { resamplePcm } from '#shared/audio/resample.ts'
import { writeWav } from '#shared/audio/wav.ts'
import { silentLog } from '#shared/log.ts'
import type { Answer, OpenAiServer } from '#tests/fakes/openai-server.ts'
import { gate, json, jsonOf, listOf, startOpenAiServer } from '#tests/fakes/openai-server.ts'

let server: OpenAiServer
beforeEach(async () => void (server = await startOpenAiServer()))
afterEach(async () => server.stop())

const TONE = Int16Array.from({ length: 1_200 }, (_, i) => Math.round(9_000 * Math.sin(i / 7)))
const BYTES = pcmToBytes(TONE)

const voice = (options: Partial<OpenAiTtsOptions> = {}): Tts =>
  createOpenAiTts({ url: server.url, model: 'f5', voice: 'anna', languages: ['en'], log: silentLog, ...options })

const say = (overrides: Partial<TtsOptions> = {}): TtsOptions => ({
  text: 'Hello.',
  language: 'en',
  signal: new AbortController().signal,
  ...overrides,
})

const audio = (bytes: Uint8Array, answer: Partial<Answer> = {}): Answer => ({
  type: 'audio/pcm',
  steps: [{ write: bytes }],
  ...answer,
})

describe('audio', () => {
  it('[DRV30] asks for headerless PCM as raw bytes, never as events', async () => {
    server.script(audio(BYTES))
    const tts = voice({ apiKey: 'sk-1' })
    await listOf(tts.synthesize(say({ traceparent: '00-aa-bb-01' })))
    await listOf(tts.synthesize(say({ voice: 'bert' })))
    const request = await server.received(1)
    expect(request.path).toBe('/v1/audio/speech')
    expect(request.headers).toMatchObject({ authorization: 'Bearer sk-1', traceparent: '00-aa-bb-01' })
    const body = { model: 'f5', input: 'Hello.', voice: 'anna', response_format: 'pcm', stream_format: 'audio' }
    expect(jsonOf(request)).toEqual(body)
    expect(jsonOf(await server.received(2))).toEqual({ ...body, voice: 'bert' })
    expect([tts.speaks('en'), tts.speaks('zh'), tts.sampleRate]).toEqual([true, false, 24_000])
  })

  it('[CLO5] sends a recording to be spoken like, and the mode, to servers that take them; to others neither', async () => {
    server.script(audio(BYTES))
    const reference = { text: 'I say so.', pcm: TONE, sampleRate: 16_000 }
    const asked = say({ reference, mode: 'hq', voice: 'bert' })
    await listOf(voice().synthesize(asked))
    await listOf(voice({ dialect: TTS_DIALECTS.parley }).synthesize(asked))
    await listOf(voice({ dialect: { hasModes: true }, mode: 'fast' }).synthesize(asked))
    const plain = jsonOf(await server.received(1))
    expect(plain).toMatchObject({ voice: 'bert' })
    expect(plain).not.toHaveProperty('mode')
    const wav = Buffer.from(writeWav(TONE, 16_000)).toString('base64')
    const { voice: _, ...rest } = plain as Record<string, unknown>
    const cloned = { ...rest, ref_audio: `data:audio/wav;base64,${wav}`, ref_text: 'I say so.', mode: 'hq' }
    expect(jsonOf(await server.received(2))).toEqual(cloned)
    expect(jsonOf(await server.received(3))).toMatchObject({ voice: 'bert', mode: 'fast' })
  })

  it('[DRV31] yields audio as it arrives, also where a sample is cut in two', async () => {
    const heard = gate()
    const steps = [{ write: BYTES.subarray(0, 501) }, { until: heard.opened }, { write: BYTES.subarray(501) }]
    server.script({ type: 'audio/pcm', steps })
    const pieces: Int16Array[] = []
    for await (const pcm of voice().synthesize(say())) {
      pieces.push(pcm)
      heard.open()
    }
    expect(pieces.length).toBeGreaterThan(1)
    expect(concatPcm(pieces)).toEqual(TONE)
  })

  it('[DRV31] any splitting of the bytes of PCM or WAV yields the same samples', () => {
    const trailer = new TextEncoder().encode('LIST\u0004\0\0\0abcd')
    const wav = new Uint8Array([...writeWav(TONE, 22_050), ...trailer])
    const cuts = fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 20 })
    fc.assert(
      fc.property(cuts, fc.constantFrom(BYTES, wav), (at, bytes) => {
        const reader = createPcmReader(24_000, (detail) => new Error(detail))
        const edges = [0, ...at.toSorted((a, b) => a - b), bytes.length]
        const pieces = edges.slice(1).flatMap((end, i) => reader.push(bytes.subarray(edges[i], end)) ?? [])
        expect(concatPcm(pieces.map((piece) => piece.pcm))).toEqual(TONE)
        expect(pieces[0]?.sampleRate).toBe(bytes === wav ? 22_050 : 24_000)
        expect(reader.isTorn()).toBe(false)
      }),
    )
  })

  it('[DRV32] the rate of a WAV header, or of X-Sample-Rate, is converted to the rate of the engine', async () => {
    const streamed = writeWav(TONE, 48_000)
    // What servers write before they know the length.
    new DataView(streamed.buffer).setUint32(40, 0xffffffff, true)
    server.script(
      audio(streamed, { type: 'audio/wav' }),
      audio(BYTES, { headers: { 'x-sample-rate': '48000' }, type: 'application/octet-stream' }),
    )
    const tts = voice()
    for (let i = 0; i < 2; i++)
      expect(concatPcm(await listOf(tts.synthesize(say())))).toEqual(resamplePcm(TONE, 48_000, 24_000))
  })

  it('[DRV33] no text is no request, and too much text is refused with the limit', async () => {
    const tts = voice()
    expect(await listOf(tts.synthesize(say({ text: ' \n' })))).toEqual([])
    const fault = { code: 'too_large', max: MAX_INPUT_CHARS, got: MAX_INPUT_CHARS + 1 }
    const text = '字'.repeat(MAX_INPUT_CHARS + 1)
    await expect(listOf(tts.synthesize(say({ text })))).rejects.toMatchObject({ fault })
    expect(server.requests).toHaveLength(0)
  })
})

describe('failures', () => {
  const stereo = writeWav(TONE, 24_000)
  new DataView(stereo.buffer).setUint16(22, 2, true)
  const cases: [string, Answer, object][] = [
    [
      'compressed audio',
      audio(BYTES, { type: 'audio/mpeg' }),
      { transient: false, detail: 'an answer of type audio/mpeg' },
    ],
    ['JSON', json({ ok: true }), { transient: false }],
    ['events', audio(BYTES, { type: 'text/event-stream' }), { transient: false }],
    ['a refusal', json({ error: { type: 'x' } }, 500), { transient: true, detail: 'http 500 x' }],
    ['no audio for words', audio(new Uint8Array(0)), { transient: true, detail: 'an answer without audio' }],
    ['a WAV of two channels', audio(stereo), { transient: false, detail: 'a WAV that is not PCM16 mono' }],
    ['a WAV of a lying rate', audio(writeWav(TONE, 9)), { transient: false, detail: 'a WAV of 9 Hz' }],
  ]
  it.each(cases)('[DRV34] %s is engine_failed of the stage tts', async (_, answer, facts) => {
    server.script(answer)
    const fault = { code: 'engine_failed', engineId: 'f5@v1', stage: 'tts', ...facts }
    await expect(listOf(voice().synthesize(say()))).rejects.toMatchObject({ fault })
  })

  it('[DRV34] a connection that breaks after some audio is engine_failed, and transient', async () => {
    const heard = gate()
    server.script({ type: 'audio/pcm', steps: [{ write: BYTES }, { until: heard.opened }, { destroy: true }] })
    const hearing = async (): Promise<void> => {
      for await (const _ of voice().synthesize(say())) heard.open()
    }
    await expect(hearing()).rejects.toMatchObject({ fault: { code: 'engine_failed', transient: true } })
  })

  it('[DRV35] late audio, first or next, is deadline_exceeded and closes the connection', async () => {
    const cases: [Answer, Partial<OpenAiTtsOptions>][] = [
      [{ type: 'audio/pcm', steps: [{ hang: true }] }, { firstAudioTimeoutMs: 40 }],
      [{ type: 'audio/pcm', steps: [{ write: BYTES }, { hang: true }] }, { idleTimeoutMs: 40 }],
    ]
    for (const [answer, options] of cases) {
      server.script(answer)
      const fault = { code: 'deadline_exceeded', stage: 'tts', limitMs: 40 }
      await expect(listOf(voice(options).synthesize(say()))).rejects.toMatchObject({ fault })
      expect(await server.requests.at(-1)?.outcome).toBe('cut')
    }
  })

  it('[DRV36] an abort closes the connection and rejects with its reason', async () => {
    server.script({ type: 'audio/pcm', steps: [{ write: BYTES }, { hang: true }] })
    const controller = new AbortController()
    const hearing = async (): Promise<void> => {
      for await (const _ of voice().synthesize(say({ signal: controller.signal }))) controller.abort('bargeIn')
    }
    await expect(hearing()).rejects.toBe('bargeIn')
    expect(await (await server.received(1)).outcome).toBe('cut')
  })

  it.each([
    ['openai', 'en', {}, ['mode', 'task_type', 'lang_code', 'sample_rate']],
    ['parley', 'en', { mode: 'hq' }, ['task_type']],
    ['vllm-omni', 'zh', { task_type: 'CustomVoice', language: 'Chinese' }, ['mode']],
    ['kokoro', 'zh', { lang_code: 'z' }, ['mode']],
    ['kokoro', 'en', { lang_code: 'a' }, ['mode']],
    ['speaches', 'en', { sample_rate: 24_000 }, ['mode']],
  ] as const)('[DIA1] a server of the dialect %s is told %s in its own words', async (name, language, told, absent) => {
    server.script(audio(BYTES))
    await listOf(
      voice({ dialect: TTS_DIALECTS[name], languages: ['en', 'zh'] }).synthesize(say({ language, mode: 'hq' })),
    )
    const body = jsonOf(await server.received(1))
    expect(body).toMatchObject({ response_format: 'pcm', stream_format: 'audio', ...told })
    for (const field of [...absent, 'stream']) expect(body).not.toHaveProperty(field)
  })
})
