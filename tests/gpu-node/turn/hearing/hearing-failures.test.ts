// Recognition and VAD fail or hang: the utterance ends with a fault, the session goes on.
import * as v from 'valibot'
import { describe, expect, it, test } from 'vitest'
import { MAX_TURN_TEXT_CHARS, TurnRecord } from '#shared/model/turn.ts'
import { OPEN_LIMIT_MS, TEXT_LIMIT_MS } from '#gpu-node/turn/hearing/utterance-stream.ts'
import { expectNoUnhandledRejections, failed, goesOn, HANGS } from '#tests/gpu-node/turn/failing.ts'
import { TurnWorld } from '#tests/gpu-node/turn/turn-world.ts'

expectNoUnhandledRejections()

describe('recognition', () => {
  const better = { llm: { replies: ['Better.'] } }

  test.each([
    ['fault', { fault: failed('stt') }, 'engine_failed'],
    ['bug', { bug: 'oops' }, 'internal'],
  ] as const)('[TUR26] cannot open (%s): the utterance is dropped with a fault, once', async (_, open, code) => {
    const world = new TurnWorld({ ...better, stt: { utterances: [{ texts: [], failAt: { open } }, 'again'] } })
    await world.ask(1_000)
    expect(world.of('fault')).toMatchObject([{ code, turnId: world.last('utterance.started').turnId }])
    expect(world.last('utterance.ended').reason).toBe('cleared')
    expect(world.records).toEqual([])
    await goesOn(world)
  })

  it('[TUR26] fails at the end: with words it is a failed turn, without it is dropped', async () => {
    for (const text of ['some words', '']) {
      const script = { texts: [{ afterMs: 1, text }], failAt: { finish: { fault: failed('stt') } } }
      const world = new TurnWorld({
        ...better,
        stt: { utterances: [script, 'again'] },
        options: { speculation: false },
      })
      await world.ask()
      expect(world.of('fault')).toMatchObject([{ code: 'engine_failed', stage: 'stt' }])
      expect(world.of('utterance.ended')).toHaveLength(1)
      expect(world.records.map(({ status, utteranceText }) => [status, utteranceText])).toEqual(
        text === '' ? [] : [['failed', 'some words']],
      )
      await goesOn(world)
    }
  })

  it('[TUR26] fails during a barge-in: the reply goes on', async () => {
    const broken = { texts: [], failAt: { finish: { fault: failed('stt') } } }
    const world = new TurnWorld({ stt: { utterances: ['hi', broken] }, tts: { msPerChar: 300 } })
    await world.ask()
    await world.speak(500)
    await world.silence(600)
    expect(world.types().slice(-3)).toEqual(['reply.paused', 'fault', 'reply.resumed'])
    await world.clock.advance(6_000)
    expect(world.records[0]?.status).toBe('complete')
  })

  it('[TUR29] never opens, or never gives a text: the utterance ends at a deadline', async () => {
    const deaf = new TurnWorld({ ...better, stt: { utterances: ['x'], openMs: HANGS } })
    await deaf.ask()
    await deaf.clock.advance(OPEN_LIMIT_MS)
    expect(deaf.last('fault')).toMatchObject({ code: 'deadline_exceeded', stage: 'stt' })
    const script = { texts: [{ afterMs: 1, text: 'hi' }], finishMs: HANGS }
    const dumb = new TurnWorld({ ...better, stt: { utterances: [script, 'again'] } })
    await dumb.ask()
    await dumb.clock.advance(TEXT_LIMIT_MS)
    expect(dumb.last('fault')).toMatchObject({ code: 'deadline_exceeded', stage: 'stt' })
    await goesOn(dumb)
  })

  it('[TUR29] repeats itself without end: the text is as long as a record may be', async () => {
    const endless = { texts: [{ afterMs: 1, text: 'again '.repeat(5_000) }] }
    const world = new TurnWorld({ ...better, stt: { utterances: [endless] } })
    await world.ask()
    await world.clock.advance(3_000)
    expect(v.safeParse(TurnRecord, world.records[0]).success).toBe(true)
    const texts = [...world.of('transcript.partial'), ...world.of('transcript.final')].map(({ text }) => text.length)
    expect(Math.max(...texts)).toBe(MAX_TURN_TEXT_CHARS)
  })

  it('[TUR26] a slow opening costs nothing: what was said meanwhile is recognised', async () => {
    const world = new TurnWorld({ stt: { utterances: ['slow start'], openMs: 700 } })
    await world.ask()
    await world.clock.advance(1_000)
    expect(world.last('transcript.final').text).toBe('slow start')
  })
})

describe('the VAD', () => {
  it('[TUR26] fails: one fault, and the session goes on by text', async () => {
    const probability = (): number => {
      throw new Error('no weights')
    }
    const world = new TurnWorld({ vad: { probability } })
    await world.ask()
    expect(world.said.map(({ type }) => type)).toEqual(['fault'])
    world.runner.receive({ type: 'text.send', text: 'hello' })
    await world.clock.advance(3_000)
    expect(world.records).toMatchObject([{ status: 'complete' }])
  })
})
