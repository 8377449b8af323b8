// What outlives a session: one conversation through several sessions, its corrections, and what prompts see of it.
import { describe, expect, vi } from 'vitest'
import type { ConversationId } from '#shared/ids.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import { it } from './call-test.ts'
import type { CallWorld } from './call-world.ts'

/** The stored turns, once they are as wanted. */
const storedAs = (world: CallWorld, id: ConversationId, turns: Partial<TurnRecord>[]): Promise<void> =>
  vi.waitFor(
    async () =>
      expect((await world.conversation(id)).turns).toEqual(turns.map((turn) => expect.objectContaining(turn))),
    { timeout: 10_000 },
  )
/** The newest prompt, as a text. */
const prompt = (world: CallWorld): string => JSON.stringify(world.nodes[0]?.engines.llm.calls.at(-1)?.options.messages)

/** Some ten seconds: on a busy machine, too, it is still spoken when it is interrupted. */
const LONG = `One two three ${'and so on, and on, '.repeat(10)} thirty.`

describe.concurrent('a conversation', () => {
  it('[CAL15] a conversation has one session at a time; after its end another goes on with what was heard', async ({
    start,
  }) => {
    const world = await start({
      nodes: [{ stt: { utterances: ['tell me', 'stop'] }, llm: { replies: [LONG, 'Yes.'] } }],
    })
    const first = await world.caller()
    const { conversationId } = await first.ready()
    first.ask()
    await vi.waitFor(() => expect(first.speaker.playedSamples()).toBeGreaterThan(12_000), { timeout: 10_000 })
    const second = await world.caller({ start: { conversationId } })
    expect(await second.next('fault')).toMatchObject({ code: 'conflict', kind: 'conversation', id: conversationId })
    expect(await second.states.next('ended')).toMatchObject({ detail: 'conflict' })
    first.client.send({ type: 'reply.interrupt' })
    const { heardText } = await first.next('reply.done')
    expect(heardText).toMatch(/^One/)
    await storedAs(world, conversationId, [{ status: 'interrupted', heardText }])
    await first.client.end()

    const third = await world.caller({ start: { conversationId } })
    expect((await third.ready()).conversationId).toBe(conversationId)
    third.write('go on')
    expect(await third.next('reply.done')).toMatchObject({ replyText: 'Yes.' })
    expect(third.of('reply.started')).toMatchObject([{ turn: 2 }])
    expect(prompt(world)).toContain(heardText)
    expect(prompt(world)).toContain('tell me')
    expect(prompt(world)).not.toContain('thirty')
  })

  it('[CAL15] another user’s conversation cannot be gone on with, nor read', async ({ start }) => {
    const world = await start()
    const mine = await world.caller()
    const { conversationId } = await mine.ready()
    await mine.client.end()
    const key = await world.newKey()
    const theirs = await world.caller({ key, start: { conversationId } })
    expect(await theirs.next('fault')).toMatchObject({ code: 'not_found', kind: 'conversation' })
    expect((await world.get(`/api/conversations/${conversationId}`, key)).status).toBe(404)
  })

  it('[CAL16] a transcript is corrected in its session and in a later one: in the store and in the prompts', async ({
    start,
  }) => {
    const world = await start({
      nodes: [{ stt: { utterances: ['my name is an'] }, llm: { replies: ['Hello.'] }, tts: { msPerChar: 10 } }],
    })
    const caller = await world.caller()
    const { conversationId } = await caller.ready()
    const { turnId } = await caller.turn()
    await storedAs(world, conversationId, [{ utteranceText: 'my name is an', correctedText: null }])
    caller.client.send({ type: 'transcript.correct', turnId, text: 'my name is Ann' })
    expect(await caller.next('transcript.corrected')).toMatchObject({ turnId, text: 'my name is Ann' })
    await storedAs(world, conversationId, [
      { id: turnId, utteranceText: 'my name is an', correctedText: 'my name is Ann' },
    ])
    caller.write('what is my name')
    await caller.next('reply.done')
    expect(prompt(world)).toContain('my name is Ann')
    await caller.client.end()

    const later = await world.caller({ start: { conversationId } })
    await later.ready()
    later.client.send({ type: 'transcript.correct', turnId, text: 'my name is Anna' })
    expect(await later.next('transcript.corrected')).toMatchObject({ turnId, text: 'my name is Anna' })
    await storedAs(world, conversationId, [{ id: turnId, correctedText: 'my name is Anna' }, { source: 'text' }])
    later.write('and now')
    await later.next('reply.done')
    expect(prompt(world)).toContain('my name is Anna')
    expect(prompt(world)).not.toContain('my name is Ann"')
    await storedAs(world, conversationId, [{ id: turnId, correctedText: 'my name is Anna' }, {}, {}])
  })

  it('[CAL17] without a voice for the language the reply is text, and the caller is told so once', async ({
    start,
  }) => {
    const world = await start({ nodes: [{ llm: { replies: ['你好，很高兴认识你。'] }, tts: { languages: ['en'] } }] })
    const caller = await world.caller({ start: { language: 'zh' } })
    const { conversationId } = await caller.ready()
    for (const text of ['你好', '再说一遍']) {
      caller.write(text)
      const done = await caller.next('reply.done')
      expect(done).toMatchObject({ status: 'complete', replyText: '你好，很高兴认识你。', sentSamples: 0 })
      expect(done.heardText).toBe(done.replyText)
    }
    expect(caller.of('session.notice')).toMatchObject([{ notice: 'voiceUnavailable', detail: 'zh' }])
    expect(
      caller
        .of('reply.text')
        .map(({ text }) => text)
        .join(''),
    ).toBe('你好，很高兴认识你。'.repeat(2))
    expect(caller.audio()).toHaveLength(0)
    await storedAs(world, conversationId, [{ language: 'zh', status: 'complete' }, { language: 'zh' }])
  })
})
