// A reply that is begun before the caller has ended, over the whole path: what the caller gets of it, and when.
import { describe, expect } from 'vitest'
import { it, type CallFixture } from './call-test.ts'

const RESULT = ['utterance.ended', 'transcript.final', 'reply.started', 'reply.text', 'reply.done']

/** Speaks up to the soft end and waits until the reply has been begun on it. */
async function speakToSoftEnd(
  start: CallFixture['start'],
  stt: { texts: { afterMs: number; text: string }[]; final?: string },
) {
  const asked = Promise.withResolvers<void>()
  const world = await start({
    nodes: [
      {
        stt: { utterances: [stt] },
        llm: {
          replies: [
            ({ messages }) => {
              const said = messages.at(-1)?.content ?? ''
              if (said.includes('weather')) asked.resolve()
              return { tokens: `You said: ${said}.`, usage: { promptTokens: 10, completionTokens: 5 } }
            },
          ],
        },
        tts: { msPerChar: 10 },
      },
    ],
  })
  const caller = await world.caller()
  await caller.ready()
  caller.speak(400)
  caller.silence(300)
  await asked.promise
  // What was sent before this answer has arrived before it.
  caller.client.send({ type: 'session.update' })
  await caller.next('session.updated')
  return { caller, llm: world.nodes[0]?.engines.llm }
}

describe.concurrent('speculation', () => {
  it('[CAL2] a reply begun at the soft end is kept when the final text is the same, and nothing of it is sent before the hard end', async ({
    start,
  }) => {
    const { caller, llm } = await speakToSoftEnd(start, { texts: [{ afterMs: 1, text: 'the weather' }] })
    expect(caller.said.types().filter((type) => RESULT.includes(type))).toEqual([])
    expect(caller.audio()).toHaveLength(0)
    caller.silence(300)
    const done = await caller.next('reply.done')
    expect(done).toMatchObject({ replyText: 'You said: the weather.', timings: { speculated: true } })
    expect(llm?.calls).toHaveLength(1)
  })

  it('[CAL2] a reply begun at the soft end is replaced when the final text differs, and its tokens count', async ({
    start,
  }) => {
    const { caller, llm } = await speakToSoftEnd(start, {
      texts: [{ afterMs: 1, text: 'the weather' }],
      final: 'the weather tomorrow',
    })
    caller.silence(300)
    const done = await caller.next('reply.done')
    expect(done).toMatchObject({ replyText: 'You said: the weather tomorrow.', timings: { speculated: false } })
    expect(
      caller
        .of('reply.text')
        .map(({ text }) => text)
        .join(''),
    ).toBe('You said: the weather tomorrow.')
    expect(caller.of('reply.started')).toHaveLength(1)
    expect(llm?.calls).toHaveLength(2)
  })
})
