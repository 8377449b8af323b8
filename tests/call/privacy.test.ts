// What edge and node write into their logs in the course of an eventful call: facts under the turn's trace, never its words,
// and no secret.
import { describe, expect, vi } from 'vitest'
import type { Fault, Stage } from '#shared/fault.ts'
import { createRecordingLog, type RecordingLog } from '#tests/fakes/recording-log.ts'
import { it, type CallFixture } from './call-test.ts'

const SAID = 'zanzibar quetzal'
const TYPED = 'wolpertinger 长颈鹿 @@@'
const CORRECTED = 'okapi narwhal'
const REPLY = 'Marmalade obelisk, kumquat periwinkle.'
const WORDS = `${SAID} ${TYPED} ${CORRECTED} ${REPLY}`.toLowerCase().match(/[\p{L}@]{3,}/gu) ?? []

const broken = (stage: Stage): { fault: Fault } => ({
  fault: { code: 'engine_failed', engineId: `scripted-${stage}@1`, stage, transient: false },
})

async function eventfulCall(start: CallFixture['start'], records: { edge: RecordingLog; node: RecordingLog }) {
  const world = await start({
    log: records.edge.log,
    nodes: [
      {
        log: records.node.log,
        stt: {
          utterances: [SAID, SAID, { texts: [{ afterMs: 1, text: SAID }], failAt: { finish: broken('stt') } }],
        },
        llm: { replies: [REPLY, { tokens: REPLY, failAfter: 2, failure: broken('llm') }, REPLY] },
        tts: { msPerChar: 10 },
      },
    ],
  })
  const caller = await world.caller({ start: { options: { speculation: false } } })
  const { conversationId } = await caller.ready()
  const { turnId } = await caller.turn()
  caller.client.send({ type: 'transcript.correct', turnId, text: CORRECTED })
  await caller.next('transcript.corrected')
  caller.client.send({ type: 'text.send', text: SAID.repeat(100) })
  expect(await caller.next('fault')).toMatchObject({ code: 'too_large' })
  expect(await caller.turn()).toMatchObject({ status: 'failed' })
  expect(await caller.turn()).toMatchObject({ status: 'failed' })
  world.wires.cut('/ws/chat')
  world.nodes[0]?.wires.cut('/node')
  caller.write(TYPED)
  expect(await caller.next('reply.done')).toMatchObject({ status: 'complete', replyText: REPLY })
  await vi.waitFor(async () => expect((await world.conversation(conversationId)).turns).toHaveLength(4), {
    timeout: 10_000,
  })
  await caller.client.end()
  return { world, conversationId, caller }
}

describe.concurrent('the logs of a call', () => {
  it('[CAL19] logs hold no word that was said, and no secret', async ({ start }) => {
    const records = { edge: createRecordingLog(), node: createRecordingLog() }
    const { world, caller } = await eventfulCall(start, records)
    const heads = [world.wires, ...world.nodes.map(({ wires }) => wires)].flatMap((wires) => wires.heads).join('\n')
    const secrets = [
      ...heads.matchAll(/parley\.(?:ticket|resume)\.([\w-]+)/g),
      ...heads.matchAll(/authorization: Bearer (\S+)/gi),
    ].map(([, secret = '']) => secret)
    const tokens = [...caller.of('session.ready'), ...caller.of('session.resumed')].map(
      ({ resumeToken = '' }) => resumeToken,
    )
    expect(secrets).toEqual(expect.arrayContaining([world.key, tokens[0]]))
    for (const record of [records.edge, records.node]) {
      const text = record.text().toLowerCase()
      expect(record.lines.length).toBeGreaterThan(3)
      expect(WORDS.filter((word) => text.includes(word))).toEqual([])
      expect([...secrets, ...tokens].filter((secret) => text.includes(secret.toLowerCase()))).toEqual([])
    }
  })

  it('[CAL20] every line about a turn carries its trace and its session, at the edge and at the node', async ({
    start,
  }) => {
    const records = { edge: createRecordingLog(), node: createRecordingLog() }
    const { world, conversationId, caller } = await eventfulCall(start, records)
    const { turns } = await world.conversation(conversationId)
    const traces = Object.fromEntries(turns.map(({ id, traceId }) => [id, traceId]))
    const sessionId = caller.of('session.ready')[0]?.sessionId
    for (const { lines } of [records.edge, records.node]) {
      const about = lines.filter(({ facts }) => typeof facts['turnId'] === 'string')
      expect(new Set(about.map(({ facts }) => facts['turnId']))).toEqual(new Set(turns.map(({ id }) => id)))
      for (const { facts } of about)
        expect({ ...facts, trace: facts['trace_id'] ?? facts['traceId'] }).toMatchObject({
          sessionId,
          trace: traces[String(facts['turnId'])],
        })
    }
    const failures = records.node.lines.filter(({ message }) => /recognition failed|a reply failed/.test(message))
    expect(failures.map(({ facts }) => facts['trace_id'])).toEqual([turns[1]?.traceId, turns[2]?.traceId])
    // The trace reaches the engines.
    const asked = world.nodes[0]?.engines.llm.calls.map(({ options }) => options.traceparent?.split('-')[1])
    expect(asked).toEqual([turns[0]?.traceId, turns[1]?.traceId, turns[3]?.traceId])
  })
})
