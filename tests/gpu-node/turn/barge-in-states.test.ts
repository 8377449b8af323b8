// What counts as heard, and barge-ins in every state, twice in a row too.
import { describe, expect, it, test } from 'vitest'
import { interruptible, STORY } from './interruptible.ts'
import { OUTPUT_RATE, TurnWorld } from './turn-world.ts'

describe('heard', () => {
  it('[TUR16] is min(sent, elapsed) without progress messages', async () => {
    const world = await interruptible('stop')
    const startedAt = world.frames[0]?.at ?? 0
    await world.speak(500)
    const elapsed = world.last('reply.paused').at - startedAt
    const words = STORY.slice(0, elapsed / 100)
    expect(words.startsWith(world.last('reply.done').heardText)).toBe(true)
    expect(words.length - world.last('reply.done').heardText.length).toBeLessThan(8)
  })

  it('[TUR16] is what the client reported last, also where that is less than there was time for', async () => {
    const world = await interruptible('stop')
    const playedSamples = (1_000 * OUTPUT_RATE) / 1000
    world.runner.receive({ type: 'playback.progress', turnId: world.turnId(), playedSamples })
    await world.speak(500)
    expect(world.last('reply.done').heardText).toBe('Once upon')
  })

  it('[TUR16] never goes beyond what was sent, whatever the client reports', async () => {
    const world = await interruptible('stop')
    world.runner.receive({ type: 'playback.progress', turnId: world.turnId(), playedSamples: 10 ** 9 })
    expect(world.of('reply.done')).toEqual([])
    await world.speak(500)
    expect(world.last('reply.done').heardText.length).toBeLessThan(STORY.length)
  })

  it('[TUR16] reports on another turn change nothing', async () => {
    const world = await interruptible('stop')
    world.runner.receive({ type: 'playback.progress', turnId: 'trn_other', playedSamples: 0 })
    await world.speak(500)
    expect(world.last('reply.done').heardText).toMatch(/^Once upon/)
  })

  it('[TUR19] a barge-in after all audio was sent still cuts what was not heard', async () => {
    const world = new TurnWorld({
      stt: { utterances: ['hi', 'stop'] },
      llm: { replies: ['It is nine o clock.', 'Fine.'] },
      tts: { msPerChar: 100 },
    })
    await world.ask()
    expect(world.sentMs()).toBe(1_900)
    await world.speak(500)
    expect(world.last('reply.done')).toMatchObject({ status: 'interrupted', replyText: 'It is nine o clock.' })
    expect(world.last('reply.done').heardText.length).toBeLessThan(10)
  })
})

describe('in every state', () => {
  it('[TUR17] while thinking: the turn ends unheard, and what was said stays', async () => {
    const world = new TurnWorld({
      stt: { utterances: ['turn on', 'the light'] },
      llm: { replies: [{ tokens: 'What?', firstTokenMs: 5_000 }, 'Done.'] },
    })
    await world.ask()
    expect(world.types().at(-1)).toBe('reply.started')
    await world.speak(500)
    expect(world.types().slice(5, 8)).toEqual(['reply.paused', 'reply.done', 'utterance.started'])
    await world.silence(600)
    await world.clock.advance(3_000)
    expect(world.records).toMatchObject([
      { utteranceText: 'turn on', status: 'interrupted', replyText: '', heardText: '' },
      { utteranceText: 'the light', status: 'complete' },
    ])
    expect(world.engines.llm.calls[1]?.options.messages.slice(1)).toEqual([
      { role: 'user', content: 'turn on\nthe light' },
    ])
  })

  it('[TUR17] a sound while thinking holds the reply back and lets it go', async () => {
    const world = new TurnWorld({
      stt: { utterances: ['hello', ''] },
      llm: { replies: [{ tokens: 'Hello.', firstTokenMs: 900 }] },
    })
    await world.ask()
    await world.speak(700)
    expect(world.of('reply.paused')).toHaveLength(1)
    expect(world.frames).toEqual([])
    await world.silence(600)
    expect(world.of('reply.resumed')).toHaveLength(1)
    expect(world.frames.length).toBeGreaterThan(0)
    await world.clock.advance(2_000)
    expect(world.records).toMatchObject([{ status: 'complete', heardText: 'Hello.' }])
  })

  it('[TUR22] speech while the final text is on the way waits for it, and is not lost', async () => {
    const slow = { texts: [{ afterMs: 1, text: 'first' }], finishMs: 1_500 }
    const world = new TurnWorld({ stt: { utterances: [slow, 'second'] }, llm: { replies: ['One.', 'Two.'] } })
    await world.ask()
    await world.speak(500)
    await world.silence(400)
    expect(world.engines.stt.calls).toHaveLength(1)
    await world.silence(1_500)
    await world.clock.advance(3_000)
    expect(world.records).toMatchObject([
      { utteranceText: 'first', status: 'interrupted', heardText: '' },
      { utteranceText: 'second', status: 'complete', replyText: 'Two.' },
    ])
  })

  test.each([200, 600])('[TUR18] twice in a row, %i ms into the second reply', async (ms) => {
    const world = await interruptible('wait', {
      stt: { utterances: ['tell me', 'wait', 'no go on', 'thanks'] },
      llm: { replies: [STORY, STORY, 'The end.'] },
    })
    await world.speak(500)
    await world.silence(600)
    await world.silence(ms)
    await world.speak(500)
    await world.silence(600)
    await world.clock.advance(5_000)
    expect(world.records.map(({ utteranceText, status }) => [utteranceText, status])).toEqual([
      ['tell me', 'interrupted'],
      ['wait', 'interrupted'],
      ['no go on', 'complete'],
    ])
    expect(world.of('reply.started').map(({ turn }) => turn)).toEqual([1, 2, 3])
    expect(world.errors).toEqual([])
  })

  it('[TUR18] twice without a word, then with one', async () => {
    const world = await interruptible('', { stt: { utterances: ['tell me', '', '', 'stop now'] } })
    for (let i = 0; i < 3; i++) {
      await world.speak(500)
      await world.silence(700)
    }
    expect(world.types().filter((type) => type.startsWith('reply.') && type !== 'reply.text')).toEqual([
      'reply.started',
      'reply.paused',
      'reply.resumed',
      'reply.paused',
      'reply.resumed',
      'reply.paused',
      'reply.done',
      'reply.started',
    ])
  })

  it('[TUR13] a sound that outlasts the reply becomes an ordinary utterance', async () => {
    const world = new TurnWorld({
      options: { bargeInMs: 2_000 },
      stt: { utterances: ['hi', 'and then'] },
      tts: { msPerChar: 20 },
    })
    await world.ask()
    await world.speak(900)
    expect(world.types().slice(5)).toEqual(['reply.text', 'reply.done', 'utterance.started', 'transcript.partial'])
    await world.silence(600)
    await world.clock.advance(2_000)
    expect(world.records.map(({ utteranceText }) => utteranceText)).toEqual(['hi', 'and then'])
  })
})
