// The caller speaks during a reply: a cough, a word, or no word.
import { describe, expect, it } from 'vitest'
import { MAX_WORDLESS_PAUSE_MS } from '#gpu-node/turn/reply/reply.ts'
import { interruptible, STORY } from './interruptible.ts'
import { TurnWorld } from './turn-world.ts'

describe('speech during a reply', () => {
  it('[TUR13] of bargeInMs pauses it: the caller is told, and nothing more is sent', async () => {
    const world = await interruptible('')
    await world.speak(300)
    expect(world.of('reply.paused')).toEqual([])
    await world.speak(60)
    expect(world.of('reply.paused')).toMatchObject([{ turnId: world.turnId() }])
    const sent = world.frames.length
    await world.speak(1_000)
    expect(world.frames.length).toBe(sent)
  })

  it('[TUR13] shorter than that and without a word, a cough, changes nothing and leaves no turn', async () => {
    const world = await interruptible('')
    await world.speak(200)
    await world.silence(800)
    expect(world.of('reply.paused')).toEqual([])
    expect(world.of('utterance.started')).toHaveLength(1)
    await world.clock.advance(10_000)
    expect(world.records).toMatchObject([{ status: 'complete', heardText: STORY }])
    expect(world.engines.stt.openStreams).toBe(0)
  })

  it('[TUR13] the time is an option of the session', async () => {
    const world = await interruptible('', { options: { bargeInMs: 1_000 } })
    await world.speak(900)
    expect(world.of('reply.paused')).toEqual([])
    await world.speak(150)
    expect(world.of('reply.paused')).toHaveLength(1)
  })
})

describe('a sound without words that does not end', () => {
  it('[TUR40] holds the reply for 1.5 s; then it goes on, and is not held again by the same sound', async () => {
    const world = await interruptible('')
    await world.speak(3_000)
    const [paused] = world.of('reply.paused')
    const [resumed] = world.of('reply.resumed')
    expect((resumed?.at ?? 0) - (paused?.at ?? 0)).toBe(MAX_WORDLESS_PAUSE_MS)
    await world.speak(9_000)
    expect(world.of('reply.paused')).toHaveLength(1)
    expect(world.records).toMatchObject([{ status: 'complete', heardText: STORY }])
  })

  it('[TUR40] also where no more audio comes of the caller', async () => {
    const world = await interruptible('')
    await world.speak(400)
    await world.clock.advance(MAX_WORDLESS_PAUSE_MS)
    expect(world.of('reply.resumed')).toHaveLength(1)
  })

  it('[TUR40] a word of it that comes later ends the reply', async () => {
    const late = { texts: [{ afterMs: 2_500, text: 'stop it' }] }
    const world = await interruptible('', { stt: { utterances: ['tell me', late] } })
    await world.speak(2_700)
    expect(world.of('reply.resumed')).toHaveLength(1)
    expect(world.types().slice(-3)).toEqual(['reply.done', 'utterance.started', 'transcript.partial'])
    expect(world.last('reply.done').status).toBe('interrupted')
  })

  it('[TUR40] a pause that ended in time starts no clock for the next one', async () => {
    const world = await interruptible('', { stt: { utterances: ['tell me', ''] } })
    await world.speak(400)
    await world.silence(600)
    expect(world.of('reply.resumed')).toHaveLength(1)
    await world.speak(800)
    expect(world.of('reply.resumed')).toHaveLength(1)
    expect(world.of('reply.paused')).toHaveLength(2)
  })
})

describe('a word', () => {
  it('[TUR39] of a sound that is too short to hold the reply ends it all the same, and is answered', async () => {
    for (const partials of [true, false]) {
      const world = await interruptible('stop', { stt: { utterances: ['tell me a story', 'stop'], partials } })
      await world.speak(200)
      await world.silence(800)
      expect(world.of('reply.paused')).toEqual([])
      expect(world.last('transcript.final').text).toBe('stop')
      await world.clock.advance(10_000)
      expect(world.records).toMatchObject([
        { status: 'interrupted', utteranceText: 'tell me a story' },
        { status: 'complete', utteranceText: 'stop', replyText: 'All right.' },
      ])
    }
  })

  it('[TUR39] of a short sound while the reply is being made is kept, too', async () => {
    const world = new TurnWorld({
      stt: { utterances: ['turn on', 'please'] },
      llm: { replies: [{ tokens: 'What?', firstTokenMs: 5_000 }, 'Done.'] },
    })
    await world.ask()
    await world.speak(160)
    await world.silence(600)
    await world.clock.advance(3_000)
    expect(world.records.map(({ utteranceText }) => utteranceText)).toEqual(['turn on', 'please'])
    expect(world.engines.llm.calls[1]?.options.messages.slice(1)).toEqual([
      { role: 'user', content: 'turn on\nplease' },
    ])
  })

  it('[TUR14] ends the reply: engines stop, the caller and the conversation keep what was heard', async () => {
    const world = await interruptible('stop please')
    await world.speak(500)
    const [done] = world.of('reply.done')
    expect(done).toMatchObject({ status: 'interrupted', heardText: expect.stringMatching(/^Once upon .*/) as string })
    expect(STORY.startsWith(done?.heardText ?? 'x')).toBe(true)
    expect(done?.heardText.length).toBeLessThan(STORY.length / 2)
    for (const { options } of [...world.engines.llm.calls, ...world.engines.tts.calls])
      expect(options.signal.reason).toBe('bargeIn')
    await world.silence(600)
    expect(world.engines.llm.calls.at(-1)?.options.messages.slice(1)).toEqual([
      { role: 'user', content: 'tell me a story' },
      { role: 'assistant', content: `${done?.heardText}…` },
      { role: 'user', content: 'stop please' },
    ])
    expect(world.records[0]).toMatchObject({ status: 'interrupted', replyText: STORY, heardText: done?.heardText })
  })

  it('[TUR14] makes the sound an utterance, told from then on, and the next turn', async () => {
    const world = await interruptible('stop please')
    await world.speak(500)
    await world.silence(600)
    await world.clock.advance(5_000)
    expect(world.types().slice(5)).toEqual([
      'reply.text',
      'reply.paused',
      'reply.done',
      'utterance.started',
      'transcript.partial',
      'utterance.ended',
      'transcript.final',
      'reply.started',
      'reply.text',
      'reply.done',
    ])
    expect(world.of('utterance.started').map(({ turn }) => turn)).toEqual([1, 2])
    // It began where the caller began to speak, not where the word was known.
    expect(world.last('utterance.started').atSample).toBeLessThan(2_050 * 16)
    expect(world.records.map(({ turn, status }) => [turn, status])).toEqual([
      [1, 'interrupted'],
      [2, 'complete'],
    ])
  })

  it('[TUR14] that is recognised later interrupts then', async () => {
    const world = await interruptible('', {
      stt: { utterances: ['tell me', { texts: [{ afterMs: 900, text: 'wait' }] }] },
    })
    await world.speak(800)
    expect(world.types().at(-1)).toBe('reply.paused')
    await world.speak(200)
    expect(world.last('reply.done').status).toBe('interrupted')
  })

  it('[TUR14] that a recogniser without partial texts finds at the soft end or at the hard end interrupts too', async () => {
    for (const speculation of [true, false]) {
      const world = await interruptible('', {
        options: { speculation },
        stt: { utterances: ['tell me', 'wait'], partials: false },
      })
      await world.speak(500)
      expect(world.types().at(-1)).toBe('reply.paused')
      await world.silence(260)
      expect(world.of('reply.done')).toHaveLength(speculation ? 1 : 0)
      await world.silence(340)
      expect(world.last('reply.done').status).toBe('interrupted')
      await world.clock.advance(5_000)
      expect(world.records.map(({ utteranceText }) => utteranceText)).toEqual(['tell me', 'wait'])
    }
  })
})

describe('no word', () => {
  it('[TUR15] by the hard end: the reply goes on from the first unheard sample, and no turn is left', async () => {
    const world = await interruptible('')
    await world.speak(500)
    const [sentBefore, pausedAt] = [world.sentMs(), world.now]
    await world.silence(600)
    expect(
      world
        .types()
        .filter((type) => type !== 'reply.text')
        .slice(-2),
    ).toEqual(['reply.paused', 'reply.resumed'])
    const resumedAt = world.last('reply.resumed').at
    await world.clock.advance(100)
    // What was sent and not played is with the client: the node goes on with the sample after it.
    expect(world.sentMs()).toBeGreaterThanOrEqual(sentBefore)
    expect(world.sentMs()).toBeLessThan(sentBefore + 1_000)
    await world.clock.advance(12_000)
    expect(world.sentMs()).toBe((STORY.length - 2) * 100)
    expect(world.records).toMatchObject([{ status: 'complete', heardText: STORY, turn: 1 }])
    // The pause does not count as playing.
    const spokenAt = world.frames[0]?.at ?? 0
    const playedMs = world.last('reply.done').at - spokenAt - (resumedAt - world.last('reply.paused').at)
    expect(playedMs).toBeGreaterThanOrEqual((STORY.length - 2) * 100)
    expect(pausedAt).toBeLessThan(resumedAt)
  })

  it('[TUR15] waits for the recogniser’s last word before it resumes', async () => {
    const world = await interruptible('', { stt: { utterances: ['tell me', { texts: [], finishMs: 300 }] } })
    await world.speak(500)
    await world.silence(600)
    expect(world.of('reply.resumed')).toEqual([])
    await world.clock.advance(300)
    expect(world.of('reply.resumed')).toHaveLength(1)
  })
})
