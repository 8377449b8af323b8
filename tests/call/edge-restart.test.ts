// The edge goes down while somebody talks: the turn is stored once all the same, and the caller goes on where he was.
import { describe, expect, vi } from 'vitest'
import { it, type CallFixture } from './call-test.ts'
import type { CallWorld } from './call-world.ts'
import type { TestCaller } from './test-caller.ts'

interface Call {
  world: CallWorld
  caller: TestCaller
}

async function call(start: CallFixture['start']): Promise<Call> {
  const world = await start({
    nodes: [{ stt: { utterances: ['how are you', 'and now'] }, llm: { replies: ['Fine, thank you.'] } }],
  })
  return { world, caller: await world.caller() }
}

/** The turns of the conversation, once there are so many. */
const stored = ({ world, caller }: Call, turns: number) =>
  vi.waitFor(
    async () => {
      const found = await world.conversation(caller.client.conversationId ?? 'cnv_none')
      expect(found.turns).toHaveLength(turns)
      return found.turns
    },
    { timeout: 20_000, interval: 100 },
  )

describe.concurrent('an edge that goes down', () => {
  it('[CAL8] a turn that ends while the edge is down is stored once, as it was, and the caller goes on in a new session', async ({
    start,
  }) => {
    const { world, caller } = await call(start)
    const first = await caller.ready()
    caller.ask()
    const { turnId } = await caller.next('reply.text')
    const node = world.nodes[0]
    // A crash, as far as anybody can see: nobody is told anything.
    world.wires.down()
    node?.wires.down()
    await world.stopEdge()
    await vi.waitFor(() => expect(node?.engines.tts.calls.at(-1)?.options.signal.aborted).toBe(true), {
      timeout: 15_000,
    })
    await world.startEdge()
    node?.wires.restore()
    world.wires.restore()
    const second = await caller.ready()
    expect(second.conversationId).toBe(first.conversationId)
    expect(second.sessionId).not.toBe(first.sessionId)
    const [turn] = await stored({ world, caller }, 1)
    expect(turn).toMatchObject({
      id: turnId,
      status: 'complete',
      replyText: 'Fine, thank you.',
      utteranceText: 'how are you',
    })
    expect(await caller.turn()).toMatchObject({ status: 'complete' })
    expect((await stored({ world, caller }, 2)).map(({ utteranceText }) => utteranceText)).toEqual([
      'how are you',
      'and now',
    ])
  })

  it('[CAL8] an edge that is stopped in order ends the turn that is open, and the caller goes on by himself when it is back', async ({
    start,
  }) => {
    const { world, caller } = await call(start)
    const first = await caller.ready()
    caller.ask()
    await caller.next('reply.text')
    await caller.received(2_400)
    await world.stopEdge()
    expect(await caller.next('reply.done')).toMatchObject({ status: 'cut' })
    expect(await caller.next('session.ended')).toMatchObject({ reason: 'shutdown' })
    await world.startEdge()
    const second = await caller.ready()
    expect(second.conversationId).toBe(first.conversationId)
    expect(await stored({ world, caller }, 1)).toMatchObject([{ status: 'cut', utteranceText: 'how are you' }])
    expect(await caller.turn()).toMatchObject({ status: 'complete' })
    await stored({ world, caller }, 2)
  })
})
