// Engines that give way in a whole call: the reply comes, the caller is told, and the stored turn says what happened.
import { expect, vi } from 'vitest'
import { systemClock } from '#shared/clock.ts'
import { silentLog } from '#shared/log.ts'
import type { Fault } from '#shared/fault.ts'
import { createTtsChain } from '#gpu-node/engines/chain/tts-chain.ts'
import { member } from '#tests/fakes/chain-member.ts'
import { createScriptedTts } from '#tests/fakes/scripted-engines.ts'
import { it } from './call-test.ts'

const fault: Fault = { code: 'engine_failed', engineId: 'scripted@1', stage: 'llm', transient: false }

it.concurrent('[LAD17] a fallback is stored with its turn, and GET /api/conversations/:id shows it', async ({
  start,
}) => {
  const world = await start({
    nodes: [
      {
        tts: { failures: { 'Hello to you.': { fault: { ...fault, stage: 'tts' } } } },
        wire: ({ tts }) => {
          const plain = createScriptedTts({ clock: systemClock, name: 'embedded', msPerChar: 10 })
          const chain = { hq: [], maxQueueMs: 150, isCardFull: () => false, clock: systemClock, log: silentLog }
          return { tts: createTtsChain({ ...chain, fast: [member(tts), member(plain)] }) }
        },
      },
    ],
  })
  const caller = await world.caller()
  const { conversationId } = await caller.ready()
  caller.write('hello')
  expect(await caller.next('reply.done')).toMatchObject({ status: 'complete', heardText: 'Hello to you.' })
  expect(await caller.next('session.notice')).toMatchObject({ notice: 'degraded', detail: 'tts failed' })
  await vi.waitFor(
    async () => {
      expect((await world.conversation(conversationId)).turns).toMatchObject([
        {
          engines: { tts: 'embedded@1' },
          fallbacks: [{ role: 'tts', asked: 'scripted-tts@1', used: 'embedded@1', reason: 'failed' }],
        },
      ])
    },
    { timeout: 10_000 },
  )
})

it.concurrent('[LAD17] an LLM that is lost: the caller hears an apology that was spoken at the start', async ({
  start,
}) => {
  const world = await start({
    nodes: [{ llm: { replies: [{ tokens: '', failure: { fault } }, 'Fine.'] }, tts: { msPerChar: 5 } }],
  })
  const caller = await world.caller()
  await caller.ready()
  caller.write('hello')
  expect((await caller.next('reply.text')).text).toMatch(/^Sorry/)
  const done = await caller.next('reply.done')
  expect(done).toMatchObject({ status: 'failed', replyText: '', heardText: '' })
  expect(done.sentSamples).toBeGreaterThan(0)
  expect(await caller.next('fault')).toMatchObject({ code: 'engine_failed', stage: 'llm' })
  // The warm-up spoke it: no engine was asked for it in the call.
  expect(world.nodes[0]?.engines.tts.calls).toEqual([])
})
