// Everybody is sent away in the middle of a call, as an operator does before a deployment: caller and node come back by
// themselves, and nothing is lost. When they come back is held in virtual time (GOA1, GOA3).
import { describe, expect } from 'vitest'
import { it } from './call-test.ts'
import { expectRamp, rampSample } from './ramp.ts'

const REPLY = 'One, two, three, four, five, six, seven.'
const GOAWAY_MS = 800

describe('an edge that sends everybody away', () => {
  it('[GOA9] in the middle of a reply: every sample and every word reaches the caller, once, in the same session', async ({
    start,
  }) => {
    const world = await start({
      nodes: [
        {
          stt: { utterances: ['count to seven', 'and now'] },
          llm: { replies: [REPLY, 'Done.'] },
          tts: { msPerChar: 60, sampleAt: rampSample },
        },
      ],
    })
    const admin = await world.newKey(['admin'])
    const caller = await world.caller()
    await caller.ready()
    caller.ask()
    await caller.next('reply.text')
    await caller.received(2_400)
    const told = caller.next('goaway')
    const answer = await fetch(`${world.edge.url}/api/system/goaway`, {
      method: 'POST',
      headers: { authorization: `Bearer ${admin}` },
      body: JSON.stringify({ retryAfterMs: GOAWAY_MS }),
    })
    expect(await answer.json()).toEqual({ nodes: 1, sessions: 1 })
    await caller.next('session.resumed')
    expect(await told).toMatchObject({ retryAfterMs: GOAWAY_MS })
    const done = await caller.next('reply.done')
    expect(done).toMatchObject({ status: 'complete', heardText: REPLY })
    expect(caller.audio()).toHaveLength(done.sentSamples)
    expectRamp(caller.audio())
    expect(
      caller
        .of('reply.text')
        .map(({ text }) => text)
        .join(''),
    ).toBe(REPLY)
    expect(await caller.turn()).toMatchObject({ status: 'complete', replyText: 'Done.' })
    expect(caller.of('session.ready')).toHaveLength(1)
    // The control socket is back as well: by it the turns come into the store.
    const { conversationId } = caller.client
    await expect
      .poll(async () => (await world.conversation(conversationId ?? 'cnv_none')).turns.length, { timeout: 15_000 })
      .toBe(2)
  })
})
