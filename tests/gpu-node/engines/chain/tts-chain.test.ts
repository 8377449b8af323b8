// Several voices as one, fast and HQ: who speaks a piece, at which rate, and what is told of it.
import { describe, expect, it } from 'vitest'
import { concatPcm } from '#shared/audio/pcm.ts'
import { FaultError } from '#shared/fault.ts'
import { silentLog } from '#shared/log.ts'
import type { Fallback } from '#shared/model/turn.ts'
import { createTtsChain, RELOAD_AFTER_MS } from '#gpu-node/engines/chain/tts-chain.ts'
import type { Tts, TtsOptions } from '#gpu-node/engines/ports.ts'
import { member } from '#tests/fakes/chain-member.ts'
import { createScriptedTts } from '#tests/fakes/scripted-engines.ts'
import type { ScriptedTtsOptions } from '#tests/fakes/scripted-engines.ts'
import { createVirtualClock, type VirtualClock } from '#tests/fakes/virtual-clock.ts'
import { failed } from '#tests/gpu-node/turn/failing.ts'

const never = (): AbortSignal => new AbortController().signal

async function speak(tts: Tts, options: Partial<TtsOptions> = {}): Promise<{ pcm: Int16Array; told: Fallback[] }> {
  const told: Fallback[] = []
  const parts: Int16Array[] = []
  const asked: TtsOptions = {
    text: 'Hello.',
    language: 'en',
    signal: never(),
    onFallback: (f) => told.push(f),
    ...options,
  }
  for await (const pcm of tts.synthesize(asked)) parts.push(pcm)
  return { pcm: concatPcm(parts), told }
}

describe('a chain of voices', () => {
  const voice = (clock: VirtualClock, options: Partial<ScriptedTtsOptions> = {}) =>
    createScriptedTts({ clock, languages: ['en'], ...options })
  const failure = { 'Hello.': { fault: failed('tts') } }

  function chainOf(options: { fast?: Partial<ScriptedTtsOptions>; hq?: Partial<ScriptedTtsOptions> } = {}) {
    const clock = createVirtualClock()
    const fast = member(voice(clock, { name: 'f5', ...options.fast }))
    const plain = member(voice(clock, { name: 'embedded', sampleRate: 16_000, languages: ['en', 'zh'] }))
    const hq = member(voice(clock, { name: 'qwen', canClone: true, ...options.hq }))
    const card = { isFull: false }
    const tts = createTtsChain({
      fast: [fast, plain],
      hq: [hq],
      maxQueueMs: 150,
      isCardFull: () => card.isFull,
      clock,
      log: silentLog,
    })
    return { clock, tts, fast, plain, hq, card }
  }

  it('[LAD5] says a piece anew with the next where the first gave nothing of it, at one rate', async () => {
    const { tts, plain } = chainOf({ fast: { failures: failure } })
    const { pcm, told } = await speak(tts)
    expect(pcm).toHaveLength(24_000 * 0.3)
    expect(plain.engine.calls[0]?.samples).toBe(16_000 * 0.3)
    expect(told).toEqual([{ role: 'tts', asked: 'f5@1', used: 'embedded@1', reason: 'failed' }])
  })

  it('[LAD5] says nothing twice: a piece that breaks off is over, and the next piece is the next voice’s', async () => {
    const { tts, fast, plain } = chainOf({ fast: { failures: failure, failAfterMs: 100 } })
    const cut = await speak(tts)
    expect(cut.pcm).toHaveLength(2_400)
    expect(cut.told).toEqual([])
    const after = await speak(tts, { text: 'Again.' })
    expect(after.told).toMatchObject([{ used: 'embedded@1', reason: 'failed' }])
    expect([fast.engine.calls.length, plain.engine.calls.length]).toEqual([1, 1])
  })

  it('[LAD6] speaks HQ where it is asked for, and fast where HQ has a queue or the card is full', async () => {
    const { tts, hq, card } = chainOf()
    expect((await speak(tts)).told).toEqual([])
    expect(hq.engine.calls).toHaveLength(0)
    expect((await speak(tts, { mode: 'hq' })).told).toEqual([])
    expect(hq.engine.calls[0]?.options.mode).toBe('hq')
    hq.waitMs = 150
    expect((await speak(tts, { mode: 'hq' })).told).toEqual([])
    hq.waitMs = 151
    const queued = await speak(tts, { mode: 'hq' })
    expect(queued.told).toEqual([{ role: 'tts', asked: 'qwen@1', used: 'f5@1', reason: 'queueWait' }])
    hq.waitMs = undefined
    card.isFull = true
    expect((await speak(tts, { mode: 'hq' })).told).toMatchObject([{ used: 'f5@1', reason: 'vram' }])
    expect([tts.engineFor?.('hq').name, tts.engineFor?.('fast').name]).toEqual(['qwen', 'f5'])
  })

  it('[LAD6] one engine with two modes gives way to its own fast mode', async () => {
    const clock = createVirtualClock()
    const f5 = member(voice(clock, { name: 'f5' }))
    const tts = createTtsChain({
      fast: [f5],
      hq: [f5],
      maxQueueMs: 150,
      isCardFull: () => false,
      clock,
      log: silentLog,
    })
    f5.waitMs = 200
    expect((await speak(tts, { mode: 'hq' })).told).toMatchObject([
      { asked: 'f5@1', used: 'f5@1', reason: 'queueWait' },
    ])
    expect(f5.engine.calls[0]?.options.mode).toBe('fast')
  })

  it('[LAD7] an HQ engine on demand is loaded once it is asked for; meanwhile fast speaks', async () => {
    const { clock, tts, hq, card } = chainOf()
    let [loads, touches] = [0, 0]
    let loaded = Promise.withResolvers<void>()
    hq.is = 'stopped'
    hq.load = () => {
      loads++
      return loaded.promise
    }
    hq.touch = () => void touches++
    await speak(tts)
    expect(loads).toBe(0)
    card.isFull = true
    tts.prepare?.('hq')
    expect(loads).toBe(0)
    card.isFull = false
    tts.prepare?.('hq')
    expect((await speak(tts, { mode: 'hq' })).told).toMatchObject([{ used: 'f5@1', reason: 'notReady' }])
    expect(loads).toBe(1)
    loaded.reject(new FaultError(failed('tts')))
    await clock.settle()
    tts.prepare?.('hq')
    expect(loads).toBe(1)
    await clock.advance(RELOAD_AFTER_MS)
    loaded = Promise.withResolvers()
    tts.prepare?.('hq')
    expect(loads).toBe(2)
    hq.is = 'ready'
    loaded.resolve()
    expect((await speak(tts, { mode: 'hq' })).told).toEqual([])
    expect(touches).toBe(1)
  })

  it('[LAD8] each language is spoken by the first that speaks it', async () => {
    const { tts } = chainOf()
    expect((await speak(tts, { language: 'zh', text: '你好。' })).told).toMatchObject([
      { used: 'embedded@1', reason: 'language' },
    ])
    expect(tts.speaks('zh')).toBe(true)
  })
})
