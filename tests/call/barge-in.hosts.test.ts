// The caller speaks during a reply: what falls silent, what was heard, and what is left of it in store and prompt.
import { describe, expect, vi } from 'vitest'
import { it, type CallFixture } from './call-test.ts'
import type { CallWorld, NodeDescription } from './call-world.ts'
import { expectRamp, rampSample } from './ramp.ts'
import type { TestCaller } from './test-caller.ts'

const LONG = 'One two three four five six seven eight nine ten eleven twelve.'

async function call(
  start: CallFixture['start'],
  node: NodeDescription,
): Promise<{ world: CallWorld; caller: TestCaller }> {
  const world = await start({ nodes: [{ tts: { msPerChar: 60, sampleAt: rampSample }, ...node }] })
  const caller = await world.caller()
  await caller.ready()
  return { world, caller }
}

/** Until so much of the reply has left the loudspeaker. */
const heard = (caller: TestCaller, ms: number): Promise<void> =>
  vi.waitFor(() => expect(caller.speaker.playedSamples()).toBeGreaterThan((ms * 24_000) / 1_000), { timeout: 10_000 })

describe.concurrent('barge-in', () => {
  it('[CAL3] a word during a reply ends it; only what was heard is stored and in the next prompt', async ({
    start,
  }) => {
    const { caller, world } = await call(start, {
      stt: { utterances: ['tell me', 'stop'] },
      llm: { replies: [LONG, 'Yes.'] },
    })
    caller.ask()
    await heard(caller, 700)
    caller.speak(400)
    await caller.next('reply.paused')
    const done = await caller.next('reply.done')
    expect(done.status).toBe('interrupted')
    expect(LONG.startsWith(done.heardText)).toBe(true)
    expect(done.heardText).toMatch(/^One/)
    expect(done.heardText.length).toBeLessThan(LONG.length - 20)
    caller.silence(600)
    const next = await caller.next('reply.done')
    expect(next).toMatchObject({ status: 'complete', replyText: 'Yes.' })
    const prompt =
      world.nodes[0]?.engines.llm.calls.at(-1)?.options.messages.map(({ role, content }) => ({ role, content })) ?? []
    expect(prompt.at(-1)).toEqual({ role: 'user', content: 'stop' })
    expect(prompt.find(({ role }) => role === 'assistant')?.content).toContain(done.heardText)
    expect(JSON.stringify(prompt)).not.toContain('twelve')
    const id = caller.client.conversationId ?? 'cnv_none'
    await vi.waitFor(
      async () => {
        const { turns } = await world.conversation(id)
        expect(turns.map(({ status, heardText }) => ({ status, heardText }))).toEqual([
          { status: 'interrupted', heardText: done.heardText },
          { status: 'complete', heardText: 'Yes.' },
        ])
      },
      { timeout: 10_000 },
    )
    expect(world.nodes[0]?.engines.stt.openStreams).toBe(0)
  })

  it('[CAL4] a sound without a word only pauses the reply: every sample of it is heard, once', async ({ start }) => {
    const { caller } = await call(start, {
      stt: { utterances: ['tell me', ''] },
      llm: { replies: ['One two three four five six.'] },
    })
    caller.ask()
    await heard(caller, 300)
    caller.speak(400)
    await caller.next('reply.paused')
    const heldAt = caller.speaker.playedSamples()
    caller.client.send({ type: 'session.update' })
    await caller.next('session.updated')
    expect(caller.speaker.playedSamples()).toBe(heldAt)
    caller.silence(600)
    await caller.next('reply.resumed')
    const done = await caller.next('reply.done')
    expect(done).toMatchObject({ status: 'complete', heardText: 'One two three four five six.' })
    await vi.waitFor(() => expect(caller.speaker.remainingMs()).toBe(0), { timeout: 5_000 })
    const all = caller.speaker.heard()
    expect(all).toEqual(caller.audio())
    expect(all).toHaveLength(done.sentSamples)
    expectRamp(all)
  })

  it('[CAL5] a caller may barge in on one reply after the other', async ({ start }) => {
    const { caller } = await call(start, {
      stt: { utterances: ['tell me', 'no', 'stop', 'thanks'] },
      llm: { replies: [LONG, LONG, LONG, 'Bye.'] },
    })
    caller.ask()
    for (const _ of [1, 2, 3]) {
      await caller.next('reply.text')
      await caller.received(caller.audio().length + 24_000)
      caller.ask()
      await caller.next('reply.paused')
      expect(await caller.next('reply.done')).toMatchObject({ status: 'interrupted' })
    }
    expect(await caller.next('reply.done')).toMatchObject({ status: 'complete', replyText: 'Bye.' })
  })

  it('[CAL5] a caller may barge in while the reply is still being thought of', async ({ start }) => {
    const { caller, world } = await call(start, {
      stt: { utterances: ['tell me', 'wait'] },
      llm: { replies: [{ tokens: LONG, firstTokenMs: 60_000 }, 'I wait.'] },
    })
    caller.ask()
    await caller.next('reply.started')
    caller.ask()
    expect(await caller.next('reply.done')).toMatchObject({ status: 'interrupted', heardText: '' })
    expect(await caller.next('reply.done')).toMatchObject({ status: 'complete', replyText: 'I wait.' })
    expect(world.nodes[0]?.engines.llm.calls[0]?.options.signal.reason).toBe('bargeIn')
  })
})
