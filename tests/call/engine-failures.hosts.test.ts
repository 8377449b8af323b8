// Engines that fail in the middle of a call: the turn fails and says so, the call goes on.
import { expect, vi } from 'vitest'
import type { Fault } from '#shared/fault.ts'
import { it } from './call-test.ts'
import type { NodeDescription } from './call-world.ts'

const broken = (stage: 'llm' | 'stt' | 'tts'): { fault: Fault } => ({
  fault: { code: 'engine_failed', engineId: `scripted-${stage}@1`, stage, transient: false, detail: 'HTTP 500' },
})

const BROKEN: Array<{ what: string; engines: NodeDescription; status: string; fault: object }> = [
  {
    what: 'the LLM in the middle of its stream',
    engines: { llm: { replies: [{ tokens: 'One. Two. Three.', failAfter: 2, failure: broken('llm') }, 'Fine.'] } },
    status: 'failed',
    fault: { code: 'engine_failed', stage: 'llm' },
  },
  {
    what: 'the recogniser at the end of an utterance',
    engines: {
      stt: {
        utterances: [{ texts: [{ afterMs: 1, text: 'hello' }], failAt: { finish: broken('stt') } }, 'hello'],
      },
      llm: { replies: ['Fine.'] },
    },
    status: 'failed',
    fault: { code: 'engine_failed', stage: 'stt' },
  },
  {
    what: 'the voice',
    engines: { llm: { replies: ['Broken.', 'Fine.'] }, tts: { failures: { 'Broken.': broken('tts') } } },
    status: 'failed',
    fault: { code: 'engine_failed', stage: 'tts' },
  },
  {
    what: 'the LLM by a bug',
    engines: {
      llm: { replies: [{ tokens: 'One.', failAfter: 0, failure: { bug: 'undefined is no function' } }, 'Fine.'] },
    },
    status: 'failed',
    fault: { code: 'internal' },
  },
]

it.concurrent.for(BROKEN)(
  '[CAL18] $what fails: the turn too, and the call goes on',
  async ({ engines, status, fault }, { start }) => {
    const world = await start({ nodes: [{ ...engines, tts: { msPerChar: 10, ...engines.tts } }] })
    // Without speculation the first reply is the one that is kept.
    const caller = await world.caller({ start: { options: { speculation: false } } })
    const { conversationId } = await caller.ready()
    const failed = await caller.turn()
    expect(failed.status).toBe(status)
    const told = await caller.next('fault')
    expect(told).toMatchObject({ ...fault, turnId: failed.turnId })
    expect(JSON.stringify(told)).not.toMatch(/HTTP 500|undefined is no function/)
    expect(await caller.turn()).toMatchObject({ status: 'complete', replyText: 'Fine.' })
    await vi.waitFor(
      async () => {
        const { turns } = await world.conversation(conversationId)
        expect(turns.map((turn) => [turn.status, turn.faultCode])).toEqual([
          ['failed', expect.any(String)],
          ['complete', undefined],
        ])
      },
      { timeout: 10_000 },
    )
    expect(world.nodes[0]?.engines.stt.openStreams).toBe(0)
  },
)
