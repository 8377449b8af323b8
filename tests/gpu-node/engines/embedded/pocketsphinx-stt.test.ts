// The embedded recogniser through its real workers, on real speech in 20 ms frames. It loads two models (0.4 GB).
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFliteTts } from '#gpu-node/engines/embedded/flite/flite-tts.ts'
import { createPocketsphinxStt } from '#gpu-node/engines/embedded/pocketsphinx/pocketsphinx-stt.ts'
import type { Stt, SttStream, Tts } from '#gpu-node/engines/ports.ts'
import { concatPcm, floatToPcm } from '#shared/audio/pcm.ts'
import { silentLog } from '#shared/log.ts'
import { STALL } from '#tests/fakes/counting-recogniser.ts'
import { pinkNoise, say, SENTENCES, silence, unaborted } from './spoken.ts'

let stt: Stt
let tts: Tts

beforeAll(async () => {
  stt = await createPocketsphinxStt({ log: silentLog, slots: 2 })
  tts = await createFliteTts({ log: silentLog })
}, 60_000)
afterAll(() => Promise.all([stt.close(), tts.close()]))

const open = (onPartial?: (text: string) => void): Promise<SttStream> =>
  stt.open({ language: 'en', signal: unaborted(), onPartial })

/** As a session sends it: 20 ms a push. */
function pushAll(stream: SttStream, pcm: Int16Array): void {
  for (let at = 0; at < pcm.length; at += 320) stream.push(pcm.subarray(at, at + 320))
}

async function transcribe(pcm: Int16Array): Promise<string> {
  const stream = await open()
  pushAll(stream, concatPcm([silence(200), pcm, silence(500)]))
  return stream.finish()
}

/** Words inserted, left out and replaced: the Levenshtein distance of the two word lists. */
function wordErrors(wanted: string[], got: string[]): number {
  let row = Array.from({ length: got.length + 1 }, (_, j) => j)
  for (const [i, word] of wanted.entries()) {
    const next = [i + 1]
    for (const [j, other] of got.entries())
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (word === other ? 0 : 1)))
    row = next
  }
  return row.at(-1) ?? 0
}

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '')

describe('pocketsphinx', () => {
  it('[STT1] at most 10 % word errors on ten sentences of the embedded voice, two at a time', async () => {
    const texts: string[] = []
    const next = SENTENCES.entries()
    const recognise = async (): Promise<void> => {
      for (const [i, sentence] of next) texts[i] = await transcribe(await say(tts, sentence))
    }
    await Promise.all([recognise(), recognise()])
    const total = SENTENCES.flatMap(words).length
    const errors = SENTENCES.reduce((sum, sentence, i) => sum + wordErrors(words(sentence), words(texts[i] ?? '')), 0)
    expect(wordErrors(words('a b c d'), words('a x c'))).toBe(2)
    expect(total).toBeGreaterThan(70)
    expect(errors / total, texts.join('\n')).toBeLessThanOrEqual(0.1)
  }, 60_000)

  it('[STT2] a final text equals the snapshot before it when only silence followed', async () => {
    for (const sentence of SENTENCES.slice(0, 4)) {
      const stream = await open()
      pushAll(stream, concatPcm([silence(200), await say(tts, sentence), silence(200)]))
      const snapshot = await stream.snapshot()
      pushAll(stream, floatToPcm(pinkNoise(4_800, 0.0005)))
      expect(await stream.finish()).toBe(snapshot)
      expect(words(snapshot).length).toBeGreaterThan(3)
    }
  }, 30_000)

  it('[STT3] a snapshot holds all that was pushed before it, and what is said after it is added', async () => {
    const stream = await open()
    pushAll(stream, concatPcm([silence(200), await say(tts, 'good morning'), silence(250)]))
    const snapshot = await stream.snapshot()
    pushAll(stream, concatPcm([await say(tts, 'what is the weather like'), silence(500)]))
    const final = await stream.finish()
    expect(snapshot).toMatch(/morning$/)
    expect(final.startsWith(`${snapshot} `)).toBe(true)
    expect(final).toMatch(/weather like$/)
  })

  it('[STT4] partial texts come while the caller speaks, each other than the one before, and none after the end', async () => {
    const partials: string[] = []
    const stream = await open((text) => partials.push(text))
    pushAll(stream, concatPcm([silence(200), await say(tts, SENTENCES[3] ?? ''), silence(500)]))
    // Awaited, as life would: what comes after finish() was called is nobody's partial text.
    const snapshot = await stream.snapshot()
    const seen = [...partials]
    expect(seen.length).toBeGreaterThanOrEqual(3)
    expect(seen.every((text, i) => text !== seen[i - 1])).toBe(true)
    expect(Math.abs(words(snapshot).length - words(seen.at(-1) ?? '').length)).toBeLessThanOrEqual(2)
    pushAll(stream, await say(tts, SENTENCES[0] ?? ''))
    expect(await stream.finish()).not.toBe(snapshot)
    expect(partials).toEqual(seen)
  })

  it('[STT5] no audio, and silence, have no words', async () => {
    const stream = await open()
    expect(await stream.snapshot()).toBe('')
    expect(await stream.finish()).toBe('')
    expect(await transcribe(silence(1_000))).toBe('')
  })

  it('[STT6] a dropped backlog does not delay the next utterance', async () => {
    const entry = new URL('../../../fakes/counting-recogniser.ts', import.meta.url)
    const counting = await createPocketsphinxStt({ log: silentLog, slots: 1, entry })
    const openNext = (): Promise<SttStream> => counting.open({ language: 'en', signal: unaborted() })
    const frame = new Int16Array(320)
    const kept = await openNext()
    for (let at = 0; at < 100; at++) kept.push(frame)
    expect(await kept.finish()).toBe('100 pushes')
    const dropped = await openNext()
    dropped.push(new Int16Array(320).fill(STALL))
    for (let at = 0; at < 100; at++) dropped.push(frame)
    dropped.close()
    const next = await openNext()
    next.push(frame)
    // At most the one in whose middle the recogniser was, and its own.
    expect(['1 pushes', '2 pushes']).toContain(await next.finish())
    await counting.close()
  })

  it('[STT7] is labelled as a demonstration, and listens in English whatever the language is', async () => {
    expect(stt.engine).toMatchObject({ role: 'stt', name: 'pocketsphinx', demonstration: true })
    const stream = await stt.open({ language: 'zh', signal: unaborted() })
    pushAll(stream, concatPcm([silence(200), await say(tts, 'good morning'), silence(300)]))
    expect(await stream.finish()).toMatch(/morning/)
  })
})
