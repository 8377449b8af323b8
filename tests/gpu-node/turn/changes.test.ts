// What the caller changes: a misheard transcript, the options of the session.
import { describe, expect, it, test } from 'vitest'
import type { PastTurn } from '#shared/model/turn.ts'
import { TurnWorld } from './turn-world.ts'

describe('transcript.correct', () => {
  it('[TUR23] of a finished turn changes the prompts after it and stores the turn again', async () => {
    const world = new TurnWorld()
    await world.ask()
    await world.clock.advance(3_000)
    const turnId = world.turnId()
    world.runner.receive({ type: 'transcript.correct', turnId, text: 'yellow chair' })
    expect(world.last('transcript.corrected')).toMatchObject({ turnId, text: 'yellow chair' })
    expect(world.records).toHaveLength(2)
    expect(world.records[1]).toEqual({ ...world.records[0], correctedText: 'yellow chair' })
    await world.ask()
    expect(world.engines.llm.calls[1]?.options.messages[1]?.content).toBe('yellow chair')
  })

  it('[TUR23] of the turn that is being answered is in its record', async () => {
    const world = new TurnWorld()
    await world.ask()
    world.runner.receive({ type: 'transcript.correct', turnId: world.turnId(), text: 'better' })
    await world.clock.advance(3_000)
    expect(world.records).toMatchObject([{ utteranceText: 'hello there', correctedText: 'better' }])
    await world.ask()
    expect(world.engines.llm.calls[1]?.options.messages[1]?.content).toBe('better')
  })

  it('[TUR23] of a turn from before the session changes the prompts; of an unknown one is a fault', async () => {
    const turns: PastTurn[] = [{ id: 'trn_before', utteranceText: 'my name is Bop', heardText: 'Hello Bop.' }]
    const world = new TurnWorld({ turns })
    world.runner.receive({ type: 'transcript.correct', turnId: 'trn_before', text: 'my name is Bob' })
    world.runner.receive({ type: 'transcript.correct', turnId: 'trn_nowhere', text: 'x' })
    expect(world.said.map(({ type }) => type)).toEqual(['transcript.corrected', 'fault'])
    expect(world.last('fault')).toMatchObject({ code: 'not_found', kind: 'turn', id: 'trn_nowhere' })
    await world.ask()
    expect(world.engines.llm.calls[0]?.options.messages[1]?.content).toBe('my name is Bob')
    expect(turns[0]?.utteranceText).toBe('my name is Bop')
  })
})

describe('session.update', () => {
  it('[TUR24] puts options, language and mode in force and says which are', async () => {
    const world = new TurnWorld()
    world.runner.receive({ type: 'session.update', options: { hardEndMs: 1_000 }, language: 'zh', ttsMode: 'hq' })
    expect(world.last('session.updated')).toMatchObject({
      options: { hardEndMs: 1_000, softEndMs: 200 },
      language: 'zh',
      ttsMode: 'hq',
    })
    await world.speak(400)
    await world.silence(900)
    expect(world.of('utterance.ended')).toEqual([])
    await world.silence(200)
    expect(world.last('transcript.final').language).toBe('zh')
    expect(world.engines.stt.calls[0]?.options.language).toBe('zh')
  })

  test.each([
    [{ hardEndMs: 150 }, ['hardEndMs', 'softEndMs']],
    [{ silenceThreshold: 0.8 }, ['speechThreshold', 'silenceThreshold']],
  ])('[TUR24] refuses options that contradict each other, as a whole: %j', async (options, names) => {
    const world = new TurnWorld()
    world.runner.receive({ type: 'session.update', options, language: 'zh' })
    const { code, issues } = world.last('fault')
    expect(code).toBe('invalid_message')
    for (const name of names) expect(issues?.join()).toContain(name)
    await world.ask()
    expect(world.last('transcript.final').language).toBe('en')
  })
})
