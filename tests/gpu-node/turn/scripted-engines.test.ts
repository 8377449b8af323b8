// The scripted engines keep the promises of the ports: order, abort with its reason, errors, copies; under any clock.
import { describe, expect, it } from 'vitest'
import { createScriptedEngines } from '#tests/fakes/scripted-engines.ts'
import type { ScriptedEnginesOptions } from '#tests/fakes/scripted-engines.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

const LOUD_SECOND = new Int16Array(16_000).fill(8_000)

function stage(options: ScriptedEnginesOptions = {}) {
  const clock = createVirtualClock()
  const controller = new AbortController()
  const request = { language: 'en' as const, signal: controller.signal }
  return { clock, controller, request, ...createScriptedEngines(clock, options) }
}

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of stream) all.push(item)
  return all
}

describe('scripted engines', () => {
  it('[TUR35] the VAD hears loudness, or its script', () => {
    const { vad } = stage()
    expect(vad.stream().push(new Float32Array(512))).toBe(0)
    expect(vad.stream().push(new Float32Array(512).fill(0.5))).toBe(1)
    expect(
      stage({ vad: { probability: (frame) => frame / 10 } })
        .vad.stream()
        .push(new Float32Array(512)),
    ).toBe(0)
  })

  it('[TUR35] the recogniser tells partials as audio arrives, and a final text once; the same audio is not heard twice', async () => {
    const utterances = [
      {
        texts: [
          { afterMs: 500, text: 'one' },
          { afterMs: 1_500, text: 'one two' },
        ],
      },
    ]
    const { stt, clock, request } = stage({ stt: { utterances, delayMs: 100 } })
    const partials: string[] = []
    const stream = await stt.open({ ...request, onPartial: (text) => partials.push(text) })
    stream.push(LOUD_SECOND)
    await clock.advance(100)
    stream.push(LOUD_SECOND)
    const snapshot = stream.snapshot()
    await clock.advance(100)
    expect(await snapshot).toBe('one two')
    expect(partials).toEqual(['one', 'one two'])
    expect(await stream.finish()).toBe('one two')
    expect(stt.openStreams).toBe(0)
  })

  it('[TUR35] an abort rejects with its reason and frees the stream', async () => {
    const { stt, clock, request, controller } = stage({ stt: { utterances: ['x'], delayMs: 100 } })
    const stream = await stt.open(request)
    const finished = stream.finish()
    const failure = expect(finished).rejects.toBe('hangUp')
    await clock.settle()
    controller.abort('hangUp')
    await failure
    expect(stt.openStreams).toBe(0)
    await expect(stt.open(request)).rejects.toBe('hangUp')
  })

  it('[TUR35] the LLM streams tokens in time, then the usage; an abort ends it', async () => {
    const usage = { promptTokens: 1, completionTokens: 2 }
    const replies = [{ tokens: 'one two', usage }]
    const { llm, clock, request, controller } = stage({ llm: { replies, firstTokenMs: 50, tokenMs: 10 } })
    const all = collect(llm.complete({ ...request, messages: [], maxTokens: 9 }))
    await clock.advance(60)
    expect(await all).toEqual([
      { type: 'text', text: 'one' },
      { type: 'text', text: ' two' },
      { type: 'usage', ...usage },
    ])
    const aborted = expect(collect(llm.complete({ ...request, messages: [], maxTokens: 9 }))).rejects.toBe('bargeIn')
    await clock.settle()
    controller.abort('bargeIn')
    await aborted
  })

  it('[TUR35] the voice makes audio of the length of its text, in chunks; failures come as scripted', async () => {
    const tts = { msPerChar: 50, chunkMs: 100, failures: { bad: { bug: 'x' } } }
    const engines = stage({ tts })
    const chunks = await collect(engines.tts.synthesize({ ...engines.request, text: 'five!' }))
    expect(chunks.map(({ length }) => length)).toEqual([2_400, 2_400, 1_200])
    await expect(collect(engines.tts.synthesize({ ...engines.request, text: 'bad' }))).rejects.toThrow('x')
    expect(engines.tts.speaks('zh')).toBe(true)
  })
})
