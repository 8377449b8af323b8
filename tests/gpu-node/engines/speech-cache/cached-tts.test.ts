// A voice behind the cache: phrases come from the disk, everything else from the engine, and only what is whole is kept.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { concatPcm } from '#shared/audio/pcm.ts'
import { silentLog } from '#shared/log.ts'
import { createTtsChain } from '#gpu-node/engines/chain/tts-chain.ts'
import type { Tts, TtsOptions } from '#gpu-node/engines/ports.ts'
import { createCachedTts } from '#gpu-node/engines/speech-cache/cached-tts.ts'
import { SpeechCache } from '#gpu-node/engines/speech-cache/speech-cache.ts'
import { member } from '#tests/fakes/chain-member.ts'
import { createScriptedTts, type ScriptedTtsOptions } from '#tests/fakes/scripted-engines.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'
import { failed } from '#tests/gpu-node/turn/failing.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-speech-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function world(options: Partial<ScriptedTtsOptions> = {}) {
  const clock = createVirtualClock()
  const engine = createScriptedTts({ clock, canClone: true, sampleAt: (position) => position % 1_000, ...options })
  const plain = createScriptedTts({ clock, name: 'embedded' })
  const fast = [member(engine), member(plain)] as const
  const chain = createTtsChain({ fast, hq: [], maxQueueMs: 150, isCardFull: () => false, clock, log: silentLog })
  const cache = await SpeechCache.open({ folder, maxBytes: 10_000_000, clock, log: silentLog })
  return { tts: createCachedTts(chain, cache), engine, plain, cache }
}

async function speak(tts: Tts, text: string, options: Partial<TtsOptions> = {}): Promise<Int16Array> {
  const parts: Int16Array[] = []
  const { signal } = new AbortController()
  for await (const pcm of tts.synthesize({ text, language: 'en', signal, ...options })) parts.push(pcm)
  return concatPcm(parts)
}

/** The disk has what was handed to it: writes go in order, and this one is the last. */
const written = (cache: SpeechCache): Promise<void> => cache.forgetVoice('0'.repeat(64))

describe('a voice with a cache', () => {
  it('[VPR12] what a profile’s voice said comes from the disk, until it is forgotten; a caller’s own voice never', async () => {
    const { tts, engine, cache } = await world()
    const reference = { text: 'Hello.', pcm: new Int16Array(100), sampleRate: 24_000 }
    const profile = { reference: { ...reference, hash: 'a'.repeat(64) } }
    for (let i = 0; i < 3; i++) {
      await speak(tts, 'Good day.', profile)
      await written(cache)
    }
    expect(engine.calls).toHaveLength(2)
    await speak(tts, 'Good day.', { reference: { ...reference, hash: 'b'.repeat(64) } })
    expect(engine.calls).toHaveLength(3)
    for (let i = 0; i < 3; i++) await speak(tts, 'Good day.', { reference })
    expect(engine.calls).toHaveLength(6)
    await cache.forgetVoice('a'.repeat(64))
    await speak(tts, 'Good day.', profile)
    expect(engine.calls).toHaveLength(7)
  })

  it('[SPC8] repeated phrases come from the disk in over nine of ten times, sample by sample as they were', async () => {
    const { tts, engine, cache } = await world()
    const phrases = ['Hello there.', 'How are you?', 'Sorry, I cannot answer right now.', '你好。']
    for (let round = 0; round < 40; round++) {
      for (const [i, text] of phrases.entries()) {
        const spoken = await speak(tts, text)
        await written(cache)
        expect(spoken).toHaveLength([...text].length * 50 * 24)
        if (round > 2) expect(spoken).toEqual(await speak(tts, phrases[i] ?? ''))
      }
    }
    const { hits, misses } = cache.stats
    expect(hits / (hits + misses)).toBeGreaterThan(0.9)
    expect(engine.calls).toHaveLength(2 * phrases.length)
  })

  it('[SPC9] a piece that was stopped, broke off or was another engine’s is not kept', async () => {
    const failures = { 'Breaks.': { fault: failed('tts') } }
    const { tts, cache } = await world({ failures, failAfterMs: 100 })
    for (let i = 0; i < 3; i++) {
      const controller = new AbortController()
      const frames = tts.synthesize({ text: 'Stopped in the middle.', language: 'en', signal: controller.signal })
      for await (const _ of frames) break
      controller.abort('bargeIn')
      expect((await speak(tts, 'Breaks.')).length).toBeGreaterThan(0)
      // By now it is the embedded voice that speaks.
      await speak(tts, 'Another voice.')
    }
    await written(cache)
    expect(cache.stats.entries).toBe(0)
  })

  it('[SPC9] a caller’s own voice, and a request to prove the engine, go past it', async () => {
    const { tts, engine, cache } = await world()
    const reference = { text: 'I say so.', pcm: new Int16Array(16_000), sampleRate: 16_000 }
    for (let i = 0; i < 3; i++) {
      await speak(tts, 'Hello.', { reference })
      await speak(tts, 'Hello.', { isFresh: true })
    }
    await written(cache)
    expect(engine.calls).toHaveLength(6)
    expect(engine.calls[0]?.options.reference).toBe(reference)
    expect(cache.stats).toEqual({ hits: 0, misses: 0, entries: 0, bytes: 0 })
  })

  it('[SPC10] what is on the disk sounds also when the engine is lost, and stops when it is told to', async () => {
    const failures: ScriptedTtsOptions['failures'] = {}
    const { tts, engine, plain, cache } = await world({ failures })
    for (let i = 0; i < 2; i++) await speak(tts, 'Hello.')
    await written(cache)
    failures['Hello.'] = { fault: failed('tts') }
    expect(await speak(tts, 'Hello.')).toHaveLength(6 * 50 * 24)
    expect([engine.calls.length, plain.calls.length]).toEqual([2, 0])
    const controller = new AbortController()
    const frames = tts.synthesize({ text: 'Hello.', language: 'en', signal: controller.signal })[Symbol.asyncIterator]()
    expect((await frames.next()).value).toHaveLength(2_400)
    controller.abort('bargeIn')
    await expect(frames.next()).rejects.toBe('bargeIn')
  })
})
