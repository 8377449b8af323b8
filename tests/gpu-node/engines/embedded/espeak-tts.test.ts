// The optional Mandarin voice: absent, it is undefined; present (in node_modules, or in the folder that
// PARLEY_ESPEAK_ROOT names), it speaks from a process of its own. And several voices as one, which needs neither.
import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { boundedParts } from '#gpu-node/engines/embedded/embedded-text.ts'
import { createEspeakTts } from '#gpu-node/engines/embedded/espeak/espeak-tts.ts'
import { createFirstVoiceTts } from '#gpu-node/engines/embedded/first-voice-tts.ts'
import type { Language, Tts } from '#gpu-node/engines/ports.ts'
import { concatPcm } from '#shared/audio/pcm.ts'
import { silentLog } from '#shared/log.ts'
import { unaborted } from './spoken.ts'

const packageRoot = process.env.PARLEY_ESPEAK_ROOT

async function sayIn(tts: Tts, language: Language, text: string): Promise<Int16Array> {
  const frames: Int16Array[] = []
  for await (const frame of tts.synthesize({ text, language, signal: unaborted() })) frames.push(frame)
  return concatPcm(frames)
}

/** A voice of one language that says its constant, one sample a character. */
function constantVoice(language: Language, sampleRate: number, value: number): Tts & { isClosed: boolean } {
  return {
    engine: { role: 'tts', name: `constant-${language}`, version: '1', demonstration: false },
    sampleRate,
    isClosed: false,
    speaks: (asked) => asked === language,
    async *synthesize(options) {
      if (options.language !== language) throw new Error(`no voice for ${options.language}`)
      yield new Int16Array(options.text.length).fill(value)
    },
    async close() {
      this.isClosed = true
    },
  }
}

describe('espeak', () => {
  it('[TTS11] is undefined where its package is not installed', async () => {
    expect(await createEspeakTts({ log: silentLog, packageRoot: tmpdir() })).toBeUndefined()
  })

  it('[TTS12] speaks Mandarin from a process of its own, where its package is installed', async ({ skip }) => {
    const tts = await createEspeakTts({ log: silentLog, packageRoot })
    if (!tts) return skip('the optional package is not installed')
    try {
      expect([tts.speaks('zh'), tts.speaks('en'), tts.engine.demonstration]).toEqual([true, true, true])
      const seconds = (await sayIn(tts, 'zh', '你好，今天天气怎么样？😀')).length / tts.sampleRate
      expect(seconds).toBeGreaterThan(1.5)
      expect(seconds).toBeLessThan(4)
      expect(await sayIn(tts, 'zh', '😀')).toHaveLength(0)
      const turn = new AbortController()
      const spoken = tts.synthesize({ text: '我叫小明。', language: 'zh', signal: turn.signal })[Symbol.asyncIterator]()
      const asked = expect(spoken.next()).rejects.toBe('bargeIn')
      turn.abort('bargeIn')
      await asked
    } finally {
      await tts.close()
    }
    await expect(sayIn(tts, 'zh', '你好')).rejects.toMatchObject({ fault: { code: 'engine_failed' } })
  })

  it('[TTS8] Chinese text is cut at its own punctuation', () => {
    const sentence = '今天天气很好，我们去公园散步吧。'
    const parts = boundedParts(sentence.repeat(40), (text) => text)
    expect(parts.join('')).toBe(sentence.repeat(40))
    expect(parts.length).toBeGreaterThan(2)
    expect(parts.every((part) => part.endsWith('。') && part.length <= 240)).toBe(true)
  })
})

describe('several voices as one', () => {
  it('[TTS13] each piece is spoken by the first voice of its language, at one rate', async () => {
    const [english, chinese] = [constantVoice('en', 16_000, 1_000), constantVoice('zh', 24_000, 2_000)]
    const tts = createFirstVoiceTts([english, chinese, constantVoice('zh', 16_000, 3_000)])
    expect([tts.sampleRate, tts.speaks('en'), tts.speaks('zh')]).toEqual([16_000, true, true])
    expect(await sayIn(tts, 'en', 'four')).toEqual(Int16Array.of(1_000, 1_000, 1_000, 1_000))
    const spoken = await sayIn(tts, 'zh', '好'.repeat(240))
    expect(spoken).toHaveLength(160)
    expect(spoken[80]).toBeCloseTo(2_000, -2)
    await tts.close()
    expect([english.isClosed, chinese.isClosed]).toEqual([true, true])
  })

  it('[TTS13] a language that no voice has is refused; a single voice is that voice', async () => {
    const english = constantVoice('en', 16_000, 1)
    expect(createFirstVoiceTts([english])).toBe(english)
    const tts = createFirstVoiceTts([english, constantVoice('en', 16_000, 2)])
    expect(tts.speaks('zh')).toBe(false)
    await expect(sayIn(tts, 'zh', '好')).rejects.toThrow('no voice for zh')
  })
})
