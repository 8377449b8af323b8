// Each rung of the ladder as the caller meets it: engines give way to simpler ones in the middle of a conversation, he is
// told once, and the turn's record says who was wanted, who did it and why.
import { describe, expect, it } from 'vitest'
import { silentLog } from '#shared/log.ts'
import { OUT_MS } from '#gpu-node/engines/chain/circuit.ts'
import { createLlmChain } from '#gpu-node/engines/chain/llm-chain.ts'
import { createSttChain } from '#gpu-node/engines/chain/stt-chain.ts'
import { createTtsChain } from '#gpu-node/engines/chain/tts-chain.ts'
import { member } from '#tests/fakes/chain-member.ts'
import { createScriptedLlm, createScriptedStt, createScriptedTts } from '#tests/fakes/scripted-engines.ts'
import { failed } from './failing.ts'
import { TurnWorld, type WorldOptions } from './turn-world.ts'

const NO_SPECULATION = { options: { speculation: false } }

function voices(options: WorldOptions = {}) {
  /** `waits`: of the next pieces, before waitMs. */
  const made = { isCardFull: false, waitMs: 0, waits: [] as number[] }
  const world = new TurnWorld({
    ...NO_SPECULATION,
    ...options,
    wire: ({ tts }, clock) => {
      const hq = member(createScriptedTts({ clock, name: 'qwen' }))
      hq.queueWaitMs = () => made.waits.shift() ?? made.waitMs
      const plain = member(createScriptedTts({ clock, name: 'embedded', sampleRate: 16_000 }))
      const isCardFull = (): boolean => made.isCardFull
      return {
        tts: createTtsChain({
          fast: [member(tts), plain],
          hq: [hq],
          maxQueueMs: 150,
          isCardFull,
          clock,
          log: silentLog,
        }),
      }
    },
  })
  return { world, made }
}

async function turn(world: TurnWorld): Promise<void> {
  await world.ask()
  await world.clock.advance(5_000)
}

describe('the voice', () => {
  it('[LAD10] the caller switches fast and HQ in the session, and the record names the engine that spoke', async () => {
    const { world } = voices()
    await turn(world)
    world.runner.receive({ type: 'session.update', ttsMode: 'hq' })
    await turn(world)
    expect(world.records.map(({ engines }) => engines.tts)).toEqual(['scripted-tts@1', 'qwen@1'])
    expect(world.records.some(({ fallbacks }) => fallbacks)).toBe(false)
    expect(world.of('session.notice')).toEqual([])
  })

  it.each([
    ['queueWait', { waitMs: 200 }],
    ['vram', { isCardFull: true }],
  ] as const)(
    '[LAD11] HQ → fast on %s: told once, recorded each turn, told again when it is over',
    async (reason, why) => {
      const { world, made } = voices({ ttsMode: 'hq' })
      Object.assign(made, why)
      await turn(world)
      await turn(world)
      const fallback = { role: 'tts', asked: 'qwen@1', used: 'scripted-tts@1', reason }
      expect(world.records.map(({ fallbacks }) => fallbacks)).toEqual([[fallback], [fallback]])
      expect(world.records[0]?.engines.tts).toBe('scripted-tts@1')
      expect(world.of('session.notice')).toMatchObject([{ notice: 'degraded', detail: `tts ${reason}` }])
      Object.assign(made, { waitMs: 0, isCardFull: false })
      await turn(world)
      expect(world.of('session.notice').slice(1)).toMatchObject([{ notice: 'restored', detail: 'tts' }])
      expect(world.records[2]).toMatchObject({ status: 'complete', engines: { tts: 'qwen@1' } })
    },
  )

  it('[LAD11] a reply that was begun fast is spoken fast to its end', async () => {
    const { world, made } = voices({ ttsMode: 'hq', llm: { replies: ['It is fine. Then this.'] } })
    made.waits = [200]
    await turn(world)
    expect(world.engines.tts.calls.map(({ options }) => options.text)).toEqual(['It is fine.', 'Then this.'])
    expect(world.records[0]?.fallbacks).toHaveLength(1)
    await turn(world)
    expect(world.records[1]?.engines.tts).toBe('qwen@1')
  })

  it('[LAD12] fast → embedded where it fails: the reply is complete', async () => {
    const { world } = voices({ tts: { failures: { 'Hello to you.': { fault: failed('tts') } } } })
    await turn(world)
    expect(world.last('reply.done')).toMatchObject({ status: 'complete', heardText: 'Hello to you.' })
    expect(world.records[0]?.fallbacks).toMatchObject([{ used: 'embedded@1', reason: 'failed' }])
    expect(world.of('fault')).toEqual([])
    expect(world.sentMs()).toBeGreaterThanOrEqual(650)
  })

  it('[LAD12] a voice that breaks off in a piece: nothing is said twice, the next piece is another voice’s', async () => {
    const { world } = voices({
      llm: { replies: ['It is fine. Then this.'] },
      tts: { failures: { 'It is fine.': { fault: failed('tts') } }, failAfterMs: 100 },
    })
    await turn(world)
    expect(world.records[0]).toMatchObject({ status: 'complete', replyText: 'It is fine. Then this.' })
    expect(world.records[0]?.fallbacks).toMatchObject([{ used: 'embedded@1', reason: 'failed' }])
    // 100 ms of the first piece, and the second one whole.
    expect(world.sentMs()).toBeCloseTo(100 + 'Then this.'.length * 50, -2)
  })
})

describe('the recogniser', () => {
  it('[LAD13] is lost at the end of an utterance: the next hears it whole, and the reply comes', async () => {
    const bad = { texts: [{ afterMs: 1, text: 'hel' }], failAt: { finish: { fault: failed('stt') } } }
    const world = new TurnWorld({
      ...NO_SPECULATION,
      stt: { name: 'whisper', utterances: [bad] },
      wire: ({ stt }, clock) => {
        const second = createScriptedStt({
          clock,
          name: 'embedded',
          utterances: [{ texts: [{ afterMs: 350, text: 'all of it' }] }],
        })
        return { stt: createSttChain([member(stt), member(second)], { clock, log: silentLog }) }
      },
    })
    await turn(world)
    expect(world.last('transcript.final').text).toBe('all of it')
    expect(world.last('session.notice')).toMatchObject({ notice: 'degraded', detail: 'stt failed' })
    expect(world.records[0]).toMatchObject({
      status: 'complete',
      engines: { stt: 'embedded@1' },
      fallbacks: [{ role: 'stt', asked: 'whisper@1', used: 'embedded@1', reason: 'failed' }],
    })
  })
})

describe('the LLM', () => {
  const lost = { tokens: 'One moment. I think', failAfter: 3, failure: { fault: failed('llm') } }
  const apology = { text: 'Sorry.', pcm: new Int16Array(8_000).fill(500), sampleRate: 16_000 }

  it('[LAD14] is lost before its first word: the next writes the reply; it is asked again later', async () => {
    const world = new TurnWorld({
      ...NO_SPECULATION,
      llm: { name: 'vllm', replies: [{ tokens: '', failure: { fault: failed('llm') } }, lost, 'Back.'] },
      wire: ({ llm }, clock) => {
        const second = createScriptedLlm({ clock, name: 'embedded', replies: ['From here.'] })
        return { llm: createLlmChain([member(llm), member(second)], { clock, log: silentLog }) }
      },
    })
    await turn(world)
    expect(world.records[0]).toMatchObject({
      status: 'complete',
      replyText: 'From here.',
      engines: { llm: 'embedded@1' },
    })
    await turn(world)
    expect(world.records[1]).toMatchObject({ status: 'failed', replyText: 'One moment. I' })
    await turn(world)
    expect(world.records[2]?.replyText).toBe('From here.')
    await world.clock.advance(OUT_MS)
    await turn(world)
    expect(world.records[3]).toMatchObject({ status: 'complete', replyText: 'Back.' })
    expect(world.of('session.notice').map(({ notice }) => notice)).toEqual(['degraded', 'restored'])
  })

  it('[LAD15] is lost for good: an apology is heard, then the turn is failed with its text kept', async () => {
    const world = new TurnWorld({ ...NO_SPECULATION, llm: { replies: [lost, 'Better.'] }, apology })
    await world.ask()
    expect(world.of('reply.done')).toEqual([])
    await world.clock.advance(5_000)
    expect(world.of('reply.text').map(({ text }) => text)).toEqual(['One moment.', ' I', ' Sorry.'])
    expect(world.last('fault')).toMatchObject({ code: 'engine_failed', stage: 'llm', turnId: world.turnId() })
    expect(world.records[0]).toMatchObject({
      status: 'failed',
      faultCode: 'engine_failed',
      replyText: 'One moment. I',
      heardText: 'One moment. I',
    })
    expect(world.sentMs()).toBeGreaterThanOrEqual(500 + 12 * 50)
    await turn(world)
    expect(world.records[1]).toMatchObject({ status: 'complete', replyText: 'Better.' })
    expect(JSON.stringify(world.engines.llm.calls[1]?.options.messages)).not.toContain('Sorry')
  })

  it('[LAD15] who interrupts the apology does not undo the failure', async () => {
    const world = new TurnWorld({ ...NO_SPECULATION, llm: { replies: [lost, 'Better.'] }, apology })
    await world.ask()
    await world.clock.advance(300)
    world.runner.receive({ type: 'reply.interrupt' })
    expect(world.records[0]).toMatchObject({ status: 'failed', faultCode: 'engine_failed' })
    expect(world.engines.llm.calls).toHaveLength(1)
  })

  it('[LAD15] a speculative reply fails without an apology: the final text has an attempt of its own', async () => {
    const world = new TurnWorld({ llm: { replies: [{ ...lost, failAfter: 0 }, 'Better.'] }, apology })
    await turn(world)
    expect(world.records[0]).toMatchObject({ status: 'complete', replyText: 'Better.' })
    expect(world.of('reply.text').map(({ text }) => text)).toEqual(['Better.'])
  })

  it('[LAD16] the voice is lost for good: the apology sounds all the same, and the LLM is stopped', async () => {
    const world = new TurnWorld({
      ...NO_SPECULATION,
      llm: { replies: [{ tokens: 'It is fine. Then this. And more to come.', tokenMs: 200 }, 'Better.'] },
      tts: { failures: { 'Then this.': { fault: failed('tts') } } },
      apology,
    })
    await world.ask()
    await world.clock.advance(6_000)
    expect(world.of('reply.text').map(({ text }) => text)).toEqual(['It is fine.', ' Sorry.'])
    expect(world.records[0]).toMatchObject({ status: 'failed', faultCode: 'engine_failed', heardText: 'It is fine.' })
    expect(world.last('fault')).toMatchObject({ stage: 'tts' })
    expect(world.engines.llm.calls[0]?.options.signal.reason).toBe('replaced')
    await turn(world)
    expect(world.records[1]?.status).toBe('complete')
    expect(world.clock.pending).toBe(0)
  })
})
