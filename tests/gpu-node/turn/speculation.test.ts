// Replies that are started before the utterance is over: kept, replaced or dropped, and never heard too early.
import { describe, expect, it, test } from 'vitest'
import { MAX_SPECULATIONS } from '#shared/model/turn-options.ts'
import { TurnWorld } from './turn-world.ts'

const told = (world: TurnWorld): string[] => world.said.map(({ type }) => type)
const asked = (world: TurnWorld): string[] =>
  world.engines.llm.calls.map(({ options }) => options.messages.at(-1)?.content ?? '')

describe('speculation', () => {
  it('[TUR3] starts LLM and TTS at the soft end and sends nothing before the hard end', async () => {
    const world = new TurnWorld()
    await world.speak(400)
    await world.silence(300)
    expect(world.engines.llm.calls).toHaveLength(1)
    expect(world.engines.tts.calls).toHaveLength(1)
    expect(told(world)).toEqual(['utterance.started', 'transcript.partial'])
    expect(world.frames).toEqual([])
  })

  it('[TUR3] the first audio leaves at the hard end where the engines are faster than the silence', async () => {
    const world = new TurnWorld({
      stt: { utterances: ['hello'], delayMs: 100 },
      llm: { replies: ['Hello. How are you?'], firstTokenMs: 50 },
      tts: { firstAudioMs: 100 },
    })
    await world.ask(416)
    const endedAt = world.last('utterance.ended').at
    expect(world.frames[0]?.at).toBe(endedAt)
    await world.clock.advance(3_000)
    expect(world.records[0]?.timings).toMatchObject({ replyMs: 0, sttMs: 0, speculated: true })
  })

  test.each([
    ['Turn on the light', 'turn on the light.'],
    ['hello  there', 'Hello, there!'],
    ['it’s me', "It's me."],
    ['你好 吗', '你好吗？'.replace('好', '好 ')],
  ])('[TUR4] a final text that says the same keeps the reply: %s / %s', async (snapshot, final) => {
    const world = new TurnWorld({ stt: { utterances: [{ texts: [{ afterMs: 1, text: snapshot }], final }] } })
    await world.ask()
    await world.clock.advance(3_000)
    expect(asked(world)).toEqual([snapshot])
    expect(world.records[0]).toMatchObject({ utteranceText: final, status: 'complete', timings: { speculated: true } })
  })

  it('[TUR4] another final text restarts it, and nothing of the first is heard', async () => {
    const script = { texts: [{ afterMs: 1, text: 'turn it on' }], final: 'turn it off' }
    const world = new TurnWorld({ stt: { utterances: [script] }, llm: { replies: ['On it goes.', 'Off it goes.'] } })
    await world.ask()
    await world.clock.advance(3_000)
    expect(asked(world)).toEqual(['turn it on', 'turn it off'])
    expect(world.engines.llm.calls[0]?.options.signal.reason).toBe('replaced')
    expect(world.of('reply.text').map(({ text }) => text)).toEqual(['Off it goes.'])
    expect(world.records[0]).toMatchObject({ replyText: 'Off it goes.', timings: { speculated: false } })
  })

  it('[TUR5] is dropped when the caller goes on, and its tokens count', async () => {
    const texts = [
      { afterMs: 1, text: 'turn on' },
      { afterMs: 600, text: 'turn on the light' },
    ]
    const usage = { promptTokens: 100, completionTokens: 10 }
    const world = new TurnWorld({
      stt: { utterances: [{ texts }] },
      llm: {
        replies: [
          { tokens: 'What?', usage },
          { tokens: 'Done.', usage },
        ],
      },
    })
    await world.speak(400)
    await world.silence(300)
    await world.speak(400)
    expect(world.engines.llm.calls[0]?.options.signal.reason).toBe('replaced')
    await world.silence(600)
    await world.clock.advance(3_000)
    expect(asked(world)).toEqual(['turn on', 'turn on the light'])
    expect(world.records).toHaveLength(1)
    expect(world.records[0]?.usage).toMatchObject({ promptTokens: 200, completionTokens: 20 })
    expect(world.of('transcript.partial').map(({ text }) => text)).toEqual(['turn on', 'turn on the light'])
    expect(world.of('reply.text').map(({ text }) => text)).toEqual(['Done.'])
  })

  it('[TUR5] at most three an utterance; partial transcripts go on', async () => {
    const texts = Array.from({ length: 7 }, (_, i) => ({ afterMs: 1 + i * 200, text: `word ${i}` }))
    const world = new TurnWorld({ stt: { utterances: [{ texts }] } })
    for (let i = 0; i < 6; i++) {
      await world.speak(208)
      await world.silence(288)
    }
    expect(world.engines.llm.calls).toHaveLength(MAX_SPECULATIONS)
    expect(world.of('transcript.partial').length).toBeGreaterThan(5)
    await world.silence(500)
    expect(world.engines.llm.calls).toHaveLength(MAX_SPECULATIONS + 1)
    expect(world.last('reply.text').text).toBe('Hello to you.')
  })

  it('[TUR6] from the soft end on the recogniser hears no more silence, so that it need not answer twice', async () => {
    const world = new TurnWorld({ stt: { utterances: ['hello'], delayMs: 200 } })
    await world.speak(400)
    await world.silence(240)
    const heard = world.engines.stt.calls[0]?.samples
    await world.silence(200)
    expect(world.engines.stt.calls[0]?.samples).toBe(heard)
    await world.silence(160)
    expect(world.last('transcript.final').at).toBe(world.last('utterance.ended').at)
  })

  it('[TUR6] what was withheld is heard when the caller goes on', async () => {
    const world = new TurnWorld()
    await world.speak(400)
    await world.silence(300)
    await world.speak(300)
    const heardMs = ((world.engines.stt.calls[0]?.samples ?? 0) * 1000) / 16_000
    expect(heardMs).toBeGreaterThan(1_000 - 32)
  })

  it('[TUR7] can be turned off', async () => {
    const world = new TurnWorld({ options: { speculation: false } })
    await world.speak(400)
    await world.silence(400)
    expect(world.engines.stt.calls[0]?.snapshots).toBe(0)
    expect(world.engines.llm.calls).toEqual([])
    await world.silence(200)
    expect(world.last('reply.text').text).toBe('Hello to you.')
    await world.clock.advance(2_000)
    expect(world.records[0]?.timings.speculated).toBe(false)
  })

  it('[TUR8] goes on while the final text is slow, and is heard at the moment that it comes', async () => {
    const script = { texts: [{ afterMs: 1, text: 'hello' }], finishMs: 700 }
    const world = new TurnWorld({ stt: { utterances: [script] }, llm: { replies: ['Hello.'], firstTokenMs: 600 } })
    await world.ask()
    expect(world.frames).toEqual([])
    await world.clock.advance(700)
    expect(world.frames[0]?.at).toBe(world.last('transcript.final').at)
    expect(world.frames[0]?.at).toBe(world.last('utterance.ended').at + 700)
  })

  it('[TUR8] a snapshot that comes only after the hard end still starts it', async () => {
    const script = { texts: [{ afterMs: 1, text: 'hello' }], finishMs: 900 }
    const world = new TurnWorld({ stt: { utterances: [script], delayMs: 500 } })
    await world.ask()
    expect(world.engines.llm.calls).toEqual([])
    await world.clock.advance(300)
    expect(world.engines.llm.calls).toHaveLength(1)
    expect(world.frames).toEqual([])
  })

  it('[TUR8] one that fails is tried again on the final text, and nobody hears of it', async () => {
    const fault = { code: 'engine_failed', engineId: 'x@1', stage: 'llm', transient: false } as const
    const world = new TurnWorld({ llm: { replies: [{ tokens: '', failure: { fault } }, 'Fine.'] } })
    await world.ask()
    await world.clock.advance(2_000)
    expect(world.of('fault')).toEqual([])
    expect(world.records[0]).toMatchObject({ status: 'complete', replyText: 'Fine.' })
  })

  it('[TUR8] a snapshot that fails costs the speculation only', async () => {
    const script = { texts: [{ afterMs: 1, text: 'hello' }], failAt: { snapshot: { bug: 'no' } } }
    const world = new TurnWorld({ stt: { utterances: [script] } })
    await world.ask()
    await world.clock.advance(2_000)
    expect(world.of('fault')).toEqual([])
    expect(world.records[0]).toMatchObject({ status: 'complete', timings: { speculated: false } })
  })
})
