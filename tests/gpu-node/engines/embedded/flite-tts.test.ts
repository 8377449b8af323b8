// The embedded English voice through its real workers: sound, frames, abort, bounds, and nothing left behind.
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAX_TEXT_CHARS } from '#gpu-node/engines/embedded/embedded-text.ts'
import { speakableParts } from '#gpu-node/engines/embedded/flite/flite-text.ts'
import { createFliteTts, FLITE_VOICES } from '#gpu-node/engines/embedded/flite/flite-tts.ts'
import type { Tts } from '#gpu-node/engines/ports.ts'
import { faultOf } from '#shared/fault.ts'
import { silentLog } from '#shared/log.ts'
import { say, unaborted } from './spoken.ts'

let tts: Tts

beforeAll(async () => {
  tts = await createFliteTts({ log: silentLog, workers: 1 })
})
afterAll(() => tts.close())

const firstFrame = (text: string, signal: AbortSignal): Promise<IteratorResult<Int16Array>> =>
  tts.synthesize({ text, language: 'en', signal })[Symbol.asyncIterator]().next()

describe('flite', () => {
  it('[TTS1] speaks English as frames of at most 100 ms at 16 kHz, and nothing else', async () => {
    const lengths: number[] = []
    for await (const frame of tts.synthesize({ text: 'Hello there.', language: 'en', signal: unaborted() }))
      lengths.push(frame.length)
    const seconds = lengths.reduce((sum, length) => sum + length, 0) / tts.sampleRate
    expect(tts.sampleRate).toBe(16_000)
    expect(seconds).toBeGreaterThan(0.5)
    expect(seconds).toBeLessThan(1.5)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(1_600)
    expect([tts.speaks('en'), tts.speaks('zh')]).toEqual([true, false])
    const chinese = tts.synthesize({ text: '你好', language: 'zh', signal: unaborted() })[Symbol.asyncIterator]().next()
    await expect(chinese).rejects.toMatchObject({ fault: { code: 'engine_failed', stage: 'tts', transient: false } })
  })

  it('[TTS2] begins and ends a piece with at most 60 ms of silence', async () => {
    const pcm = await say(tts, 'Good evening.')
    const isSound = (x: number): boolean => Math.abs(x) > 200
    expect(pcm.findIndex(isSound)).toBeLessThanOrEqual(960)
    expect(pcm.length - pcm.findLastIndex(isSound)).toBeLessThanOrEqual(961)
  })

  it('[TTS3] has four voices that sound different; an unknown one is the default voice', async () => {
    const spoken = await Promise.all(FLITE_VOICES.map((voice) => say(tts, 'One two three.', voice)))
    expect(new Set(spoken.map((pcm) => pcm.join())).size).toBe(4)
    expect(await say(tts, 'One two three.', 'nobody')).toEqual(await say(tts, 'One two three.', 'slt'))
  })

  it('[TTS4] an abort ends a piece at once with its reason, also one that waits; others go on', async () => {
    const [running, waiting] = [new AbortController(), new AbortController()]
    const long = firstFrame(
      'This is a rather long sentence that goes on for a while, so that others wait.',
      running.signal,
    )
    const dropped = firstFrame('This one waits.', waiting.signal)
    const kept = firstFrame('This one is spoken.', unaborted())
    waiting.abort('hangUp')
    running.abort('bargeIn')
    await expect(long).rejects.toBe('bargeIn')
    await expect(dropped).rejects.toBe('hangUp')
    expect((await kept).done).toBe(false)
    await expect(firstFrame('Never.', AbortSignal.abort('replaced'))).rejects.toBe('replaced')
  })

  it('[TTS5] an abort between frames ends the piece there', async () => {
    const turn = new AbortController()
    const frames = tts.synthesize({ text: 'Hello there.', language: 'en', signal: turn.signal })[Symbol.asyncIterator]()
    await frames.next()
    turn.abort('bargeIn')
    await expect(frames.next()).rejects.toBe('bargeIn')
  })

  it('[TTS6] more parts than may wait are refused as transient; those that wait are spoken', async () => {
    const all = await Promise.allSettled(Array.from({ length: 80 }, () => firstFrame('Yes.', unaborted())))
    const refused = all.filter((one) => one.status === 'rejected')
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.length).toBeLessThan(20)
    for (const one of refused) expect(faultOf(one.reason)).toMatchObject({ code: 'engine_failed', transient: true })
  })

  it('[TTS7] emoji, control characters, markup and other scripts neither fail nor are heard', async () => {
    const plain = await say(tts, 'Cafe, it is fine.')
    expect(await say(tts, ' Café — it is\u0000 fine.😀 你好 ')).toEqual(plain)
    for (const nothing of ['', '   ', '😀😀', '...', '你好', '\u0007']) expect(await say(tts, nothing)).toHaveLength(0)
    expect((await say(tts, '-o /etc/passwd <speak> %s \\ "quoted" $5')).length).toBeGreaterThan(8_000)
  })

  it('[TTS8] long text is spoken in bounded parts without losing a word; over the limit it is too_large', () => {
    const text = 'This is a sentence of some length, with a clause. '.repeat(40).trim()
    const parts = speakableParts(text)
    expect(parts.join(' ')).toBe(text)
    expect(Math.max(...parts.map((part) => part.length))).toBeLessThanOrEqual(240)
    expect(speakableParts('a'.repeat(500)).join('')).toBe('a'.repeat(500))
    expect(() => speakableParts('a'.repeat(MAX_TEXT_CHARS + 1))).toThrow('too_large')
  })

  it('[TTS9] leaves no file behind', async () => {
    const before = readdirSync(tmpdir()).filter((name) => /flite|\.wav$/.test(name))
    await say(tts, 'Nothing is written.')
    expect(readdirSync(tmpdir()).filter((name) => /flite|\.wav$/.test(name))).toEqual(before)
  })

  it('[TTS10] after close, and for what waited then, calls reject', async () => {
    const closing = await createFliteTts({ log: silentLog, workers: 1 })
    const next = (): Promise<unknown> =>
      closing.synthesize({ text: 'Hello.', language: 'en', signal: unaborted() })[Symbol.asyncIterator]().next()
    const pending = [next(), next()].map((piece) => expect(piece).rejects.toMatchObject({ fault: { stage: 'tts' } }))
    await closing.close()
    await Promise.all(pending)
    await expect(next()).rejects.toMatchObject({ fault: { code: 'engine_failed' } })
  })
})
