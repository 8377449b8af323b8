// What is spoken beforehand, and by whom.
import { describe, expect, it } from 'vitest'
import { Apologies } from '#gpu-node/engines/apologies.ts'
import type { Tts } from '#gpu-node/engines/ports.ts'
import { silentLog } from '#shared/log.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

describe('apologies', () => {
  it('[LAD19] by another voice than the wanted one are spoken again, until that one has spoken them', async () => {
    const spoken: string[] = []
    let isThere = false
    const tts: Tts = {
      engine: { role: 'tts', name: 'f5', version: '1', demonstration: false },
      sampleRate: 24_000,
      speaks: () => true,
      async *synthesize({ language, onFallback }) {
        spoken.push(language)
        if (!isThere && language === 'zh') throw new Error('no voice for it')
        if (!isThere) onFallback?.({ role: 'tts', asked: 'f5@1', used: 'flite@2', reason: 'notReady' })
        yield Int16Array.of(isThere ? 2 : 1)
      },
      close: async () => {},
    }
    const apologies = new Apologies({ tts, clock: createVirtualClock(), log: silentLog })
    await apologies.render()
    expect([apologies.in('en')?.pcm[0], apologies.in('zh')]).toEqual([1, undefined])
    isThere = true
    await Promise.all([apologies.render(), apologies.render()])
    expect([apologies.in('en')?.pcm[0], apologies.in('zh')?.pcm[0]]).toEqual([2, 2])
    await apologies.render()
    expect(spoken).toEqual(['en', 'zh', 'en', 'zh'])
  })
})
