// A whole turn: heard while it arrives, answered in pieces, sent in time, stored once heard.
import { describe, expect, it, test } from 'vitest'
import * as v from 'valibot'
import { TurnRecord } from '#shared/model/turn.ts'
import { MAX_AHEAD_MS } from '#shared/protocol/limits.ts'
import { OUTPUT_RATE, TurnWorld } from './turn-world.ts'

const LONG = 'One sentence is here. Another one follows it. A third one comes then. And the last one ends it.'

describe('a spoken turn', () => {
  it('[TUR1] goes from the first sound to the stored record, each step told once and in order', async () => {
    const world = new TurnWorld()
    await world.ask()
    await world.clock.advance(3_000)
    expect(world.said.map(({ type }) => type)).toEqual([
      'utterance.started',
      'transcript.partial',
      'utterance.ended',
      'transcript.final',
      'reply.started',
      'reply.text',
      'reply.done',
    ])
    expect(world.last('transcript.final')).toMatchObject({ text: 'hello there', language: 'en' })
    expect(world.records).toHaveLength(1)
    expect(v.parse(TurnRecord, world.records[0])).toMatchObject({
      turn: 1,
      source: 'speech',
      status: 'complete',
      utteranceText: 'hello there',
      replyText: 'Hello to you.',
      heardText: 'Hello to you.',
      engines: { vad: 'scripted-vad@1', stt: 'scripted-stt@1', llm: 'scripted-llm@1', tts: 'scripted-tts@1' },
    })
    expect(new Set(world.said.map((message) => ('turnId' in message ? message.turnId : '')))).toEqual(
      new Set([world.records[0]?.id]),
    )
  })

  it('[TUR2] is recognised while it arrives: partial transcripts come before the caller has ended', async () => {
    const texts = [
      { afterMs: 100, text: 'turn' },
      { afterMs: 300, text: 'turn on' },
      { afterMs: 600, text: 'turn on the light' },
    ]
    const world = new TurnWorld({ stt: { utterances: [{ texts }] } })
    await world.speak(700)
    expect(world.of('transcript.partial').map(({ text }) => text)).toEqual(['turn', 'turn on', 'turn on the light'])
  })

  it('[END6] gives the recogniser 300 ms from before the first sound, so that no word is cut', async () => {
    const world = new TurnWorld({ options: { speculation: false } })
    await world.silence(1_000)
    await world.speak(400)
    await world.silence(600)
    const [call] = world.engines.stt.calls
    const heardMs = ((call?.samples ?? 0) * 1000) / 16_000
    // Pre-roll, speech, and the silence up to the soft end; frames of 32 ms round it up.
    expect(heardMs).toBeGreaterThanOrEqual(300 + 400 + 200)
    expect(heardMs).toBeLessThan(300 + 400 + 200 + 3 * 32)
    expect(world.last('utterance.started').atSample).toBeGreaterThan(16_000 - 1_024)
    expect(world.last('utterance.started').atSample).toBeLessThanOrEqual(16_000)
  })

  test.each([8_000, 24_000, 48_000])(
    '[END10] positions count the caller’s samples, at %i Hz too',
    async (inputRate) => {
      const world = new TurnWorld({ inputRate })
      await world.silence(1_000)
      await world.ask(400)
      expect(world.last('utterance.started').atSample / inputRate).toBeCloseTo(1, 1)
      expect(world.last('utterance.ended').atSample / inputRate).toBeCloseTo(1.9, 1)
      expect(world.last('transcript.final').text).toBe('hello there')
    },
  )

  it('[END9] silence, and an utterance without words, is no turn: it ends as noSpeech and nothing is stored', async () => {
    const world = new TurnWorld({ stt: { utterances: ['', '...', 'now words'] } })
    await world.silence(3_000)
    expect(world.said).toEqual([])
    await world.ask()
    await world.ask()
    expect(world.of('utterance.ended').map(({ reason }) => reason)).toEqual(['noSpeech', 'noSpeech'])
    expect(world.engines.llm.calls).toEqual([])
    await world.ask()
    expect(world.last('transcript.final').text).toBe('now words')
    expect(world.engines.stt.openStreams).toBe(0)
  })
})

describe('the reply', () => {
  it('[TUR9] is spoken piece by piece while later tokens arrive, in order, each text with its first sample', async () => {
    const world = new TurnWorld({ llm: { replies: [LONG], tokenMs: 100 }, tts: { msPerChar: 20 } })
    await world.ask()
    await world.clock.advance(200)
    expect(world.of('reply.text')).toHaveLength(1)
    expect(world.engines.llm.calls[0]?.tokens).toBeLessThan(10)
    await world.clock.advance(20_000)
    const texts = world.of('reply.text')
    expect(texts.map(({ text }) => text).join('')).toBe(LONG)
    const lengths = texts.map(({ text }) => (text.trim().length * 20 * OUTPUT_RATE) / 1000)
    expect(texts.map(({ startSample }) => startSample)).toEqual(
      lengths.map((_, i) => lengths.slice(0, i).reduce((sum, length) => sum + length, 0)),
    )
    expect(world.last('reply.done')).toMatchObject({ status: 'complete', heardText: LONG })
  })

  it('[TUR10] leaves at most two seconds ahead of real time, without a gap', async () => {
    const world = new TurnWorld({ llm: { replies: [LONG] }, tts: { msPerChar: 100 } })
    await world.ask()
    const first = world.frames[0]?.at ?? 0
    let sentMs = 0
    await world.clock.advance(15_000)
    for (const frame of world.frames) {
      // Before each frame the loudspeaker still has something to play, and after it no more than the bound.
      if (sentMs > 0) expect(sentMs).toBeGreaterThanOrEqual(frame.at - first)
      sentMs += (frame.samples * 1000) / OUTPUT_RATE
      expect(sentMs - (frame.at - first)).toBeLessThanOrEqual(MAX_AHEAD_MS)
    }
    expect(sentMs).toBeGreaterThan(8_000)
  })

  it('[TUR10] is synthesised at most two pieces ahead of what is sent', async () => {
    const reply = 'This is a sentence of a reply. '.repeat(12).trim()
    const world = new TurnWorld({ llm: { replies: [reply] }, tts: { msPerChar: 100 } })
    await world.ask()
    await world.clock.advance(500)
    // Each piece takes three seconds to hear: one is being sent, one waits.
    expect(world.engines.tts.calls).toHaveLength(2)
    expect(world.engines.llm.calls[0]?.tokens).toBe(84)
  })

  test.each([16_000, 22_050, 24_000])(
    '[TUR11] leaves in frames of 20 to 100 ms at the output rate, from a voice at %i Hz',
    async (sampleRate) => {
      const world = new TurnWorld({ tts: { sampleRate, chunkMs: 37, msPerChar: 33 } })
      await world.ask()
      await world.clock.advance(3_000)
      for (const { samples } of world.frames) {
        expect((samples * 1000) / OUTPUT_RATE).toBeGreaterThanOrEqual(20)
        expect((samples * 1000) / OUTPUT_RATE).toBeLessThanOrEqual(100)
      }
      const expectedMs = 'Hello to you.'.length * 33
      expect(world.sentMs()).toBeGreaterThanOrEqual(expectedMs)
      expect(world.sentMs()).toBeLessThan(expectedMs + 21)
    },
  )

  it('[TUR12] is done when it was heard: by the clock, where the client reports nothing', async () => {
    const world = new TurnWorld({ tts: { msPerChar: 100 } })
    await world.ask()
    expect(world.sentMs()).toBeCloseTo(1_300, -2)
    await world.clock.advance(1_000)
    expect(world.of('reply.done')).toEqual([])
    await world.clock.advance(600)
    expect(world.of('reply.done')).toHaveLength(1)
  })

  it('[TUR12] is done at once when the client reports the last sample, and not before it does', async () => {
    const world = new TurnWorld({ tts: { msPerChar: 100 } })
    await world.ask()
    const turnId = world.turnId()
    const sent = world.frames.reduce((sum, { samples }) => sum + samples, 0)
    const report = (playedSamples: number) => world.runner.receive({ type: 'playback.progress', turnId, playedSamples })
    report(sent - 100)
    expect(world.of('reply.done')).toEqual([])
    report(sent)
    expect(world.of('reply.done')).toHaveLength(1)
  })

  it('[TUR12] is not kept open by a client whose loudspeaker stands still', async () => {
    const world = new TurnWorld()
    await world.ask()
    const turnId = world.turnId()
    for (let i = 0; i < 40 && world.records.length === 0; i++) {
      world.runner.receive({ type: 'playback.progress', turnId, playedSamples: 10 })
      await world.clock.advance(200)
    }
    expect(world.records).toHaveLength(1)
    expect(world.now).toBeGreaterThan(5_000)
  })

  it('[TUR12] without any text it is complete at once, and the session goes on', async () => {
    const world = new TurnWorld({ llm: { replies: ['', 'Yes.'] } })
    await world.ask()
    expect(world.records[0]).toMatchObject({ status: 'complete', replyText: '', heardText: '' })
    await world.ask()
    expect(world.last('reply.text').text).toBe('Yes.')
  })
})

describe('the language of words', () => {
  it('[TUR38] each piece is spoken in the language that it is written in, and a written text is answered in its own', async () => {
    const world = new TurnWorld({
      language: 'en',
      llm: { replies: ['我叫小明。 My name is Ming. 42.'] },
      tts: { languages: ['en', 'zh'] },
    })
    world.runner.receive({ type: 'text.send', text: '你叫什么名字？' })
    await world.clock.advance(20_000)
    expect(world.engines.tts.calls.map(({ options }) => [options.text.trim(), options.language])).toEqual([
      ['我叫小明。', 'zh'],
      ['My name is Ming.', 'en'],
      ['四十二.', 'zh'],
    ])
    expect(world.last('transcript.final')).toMatchObject({ language: 'zh' })
    expect(world.records).toMatchObject([{ language: 'zh', status: 'complete' }])
  })
})

describe('a foreign name', () => {
  it('[TUR38] is said by the voice of the sentence that it stands in', async () => {
    for (const [reply, language] of [
      ['Your name is 小明.', 'en'],
      ['我在用 iPhone 说话。', 'zh'],
    ] as const) {
      const world = new TurnWorld({ language, llm: { replies: [reply] }, tts: { languages: [language] } })
      await world.ask()
      await world.clock.advance(10_000)
      expect(world.of('session.notice')).toEqual([])
      expect(world.engines.tts.calls.map(({ options }) => options.language)).toEqual([language])
      expect(world.frames.length).toBeGreaterThan(0)
      expect(world.records).toMatchObject([{ status: 'complete', heardText: reply }])
    }
  })
})

describe('a language without a voice', () => {
  it('[TUR25] is answered in text, complete, and the caller is told once', async () => {
    const world = new TurnWorld({
      language: 'zh',
      llm: { replies: ['你们好。我是小明。'] },
      tts: { languages: ['en'] },
    })
    await world.ask()
    await world.clock.advance(100)
    expect(world.of('session.notice')).toMatchObject([{ notice: 'voiceUnavailable', detail: 'zh' }])
    expect(world.of('reply.text').map(({ text, startSample }) => [text, startSample])).toEqual([
      ['你们好。', 0],
      ['我是小明。', 0],
    ])
    expect(world.last('reply.done')).toMatchObject({
      status: 'complete',
      heardText: '你们好。我是小明。',
      sentSamples: 0,
    })
    expect(world.records[0]?.engines.tts).toBeUndefined()
    await world.ask()
    expect(world.of('session.notice')).toHaveLength(1)
    expect(world.frames).toEqual([])
  })
})

describe('whether a turn is open', () => {
  it('[TUR42] from the first sound until the reply is done', async () => {
    const world = new TurnWorld()
    let isIdle = false
    const watch = (): void => {
      isIdle = false
      void world.runner.whenIdle().then(() => (isIdle = true))
    }
    const idleAfter = async (what: Promise<void> | void): Promise<boolean> => {
      await what
      watch()
      await world.clock.settle()
      return isIdle
    }
    expect(await idleAfter()).toBe(true)
    expect(await idleAfter(world.speak(200))).toBe(false)
    expect(await idleAfter(world.silence(600))).toBe(false)
    await world.clock.advance(3_000)
    expect(isIdle).toBe(true)
    world.runner.receive({ type: 'text.send', text: 'hello' })
    expect(await idleAfter()).toBe(false)
  })

  it('[TUR42] and not any more where nothing was said', async () => {
    const world = new TurnWorld({ stt: { utterances: [''] } })
    await world.speak(400)
    let isIdle = false
    void world.runner.whenIdle().then(() => (isIdle = true))
    await world.silence(400)
    expect(isIdle).toBe(false)
    await world.silence(300)
    expect(isIdle).toBe(true)
  })
})

describe('an utterance that comes to nothing', () => {
  it('[SND9] is told to whoever keeps its sound, and none that is a turn', async () => {
    const forgotten: string[] = []
    const world = new TurnWorld({
      stt: { utterances: ['hello', '', ''] },
      tts: { msPerChar: 200 },
      onForgotten: (turnId) => void forgotten.push(turnId),
    })
    await world.ask()
    await world.speak(160)
    await world.silence(600)
    await world.clock.advance(10_000)
    await world.ask()
    expect(forgotten).toHaveLength(2)
    expect(new Set(forgotten).size).toBe(2)
    expect(forgotten).not.toContain(world.records[0]?.id)
  })
})
