// Speech kept on a real disk: what is stored, for how long, and what becomes of files that are not what was written.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLog } from '#shared/log.ts'
import { readSpeech, writeSpeech } from '#gpu-node/engines/speech-cache/cache-file.ts'
import { keyOf, voiceHashOf, type Speech } from '#gpu-node/engines/speech-cache/cache-key.ts'
import { SpeechCache, type Place } from '#gpu-node/engines/speech-cache/speech-cache.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

const SECOND = { pcm: new Int16Array(24_000).fill(7), sampleRate: 24_000 }
const SECOND_BYTES = writeSpeech(SECOND).length

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-speech-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const clock = createVirtualClock()
const open = (maxBytes = 100 * SECOND_BYTES) =>
  SpeechCache.open({ folder: join(folder, 'cache'), maxBytes, clock, log: silentLog })
const placeOf = (text: string, voice?: string): Place => {
  const speech = { voiceHash: voiceHashOf(voice), engine: 'f5@1', mode: 'fast', language: 'en', text } as const
  return { voiceHash: speech.voiceHash, key: keyOf(speech) }
}
/** Spoken twice, so that it counts as a phrase. */
async function keep(cache: SpeechCache, place: Place): Promise<void> {
  await cache.keep(place, SECOND)
  await cache.keep(place, SECOND)
}
const files = (): string[] =>
  readdirSync(join(folder, 'cache'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.pcm'))

describe('the key', () => {
  it('[SPC1] differs with each fact that changes the sound, and with nothing else', () => {
    const speech: Speech = { voiceHash: 'v', engine: 'f5@1', mode: 'fast', language: 'en', text: 'Hello.' }
    const others: Speech[] = [
      { ...speech, voiceHash: 'w' },
      { ...speech, engine: 'f5@2' },
      { ...speech, mode: 'hq' },
      { ...speech, language: 'zh' },
      { ...speech, text: 'Hello!' },
    ]
    expect(new Set([speech, ...others].map(keyOf)).size).toBe(6)
    expect(keyOf({ ...speech })).toBe(keyOf(speech))
    expect(keyOf(speech)).toMatch(/^[0-9a-f]{64}$/)
    expect(new Set([undefined, 'a', 'b'].map(voiceHashOf)).size).toBe(3)
  })
})

describe('a file', () => {
  it('[SPC2] is read as it was written, and one that was changed or cut anywhere is not', () => {
    const samples = fc.int16Array({ maxLength: 200 })
    const rate = fc.constantFrom(8_000, 16_000, 24_000, 48_000)
    fc.assert(
      fc.property(samples, rate, fc.nat(), fc.integer({ min: 1, max: 255 }), (pcm, sampleRate, at, by) => {
        const bytes = writeSpeech({ pcm, sampleRate })
        expect(readSpeech(bytes)).toEqual({ pcm, sampleRate })
        const changed = bytes.slice()
        const place = at % bytes.length
        changed[place] = (changed[place] ?? 0) ^ by
        expect(readSpeech(changed)).toBeUndefined()
        expect(readSpeech(bytes.slice(0, place))).toBeUndefined()
      }),
    )
  })
})

describe('the cache', () => {
  it('[SPC3] keeps what was spoken twice, and counts hits and misses', async () => {
    const cache = await open()
    const place = placeOf('Hello.')
    expect(await cache.read(place)).toBeUndefined()
    await cache.keep(place, SECOND)
    expect(await cache.read(place)).toBeUndefined()
    expect(files()).toEqual([])
    await cache.keep(place, SECOND)
    expect(await cache.read(place)).toEqual(SECOND)
    expect(cache.stats).toEqual({ hits: 1, misses: 2, entries: 1, bytes: SECOND_BYTES })
  })

  it('[SPC4] survives a restart, and is for its owner only; no name in it tells a word', async () => {
    const place = placeOf('My secret is Rosebud.', 'ada')
    await keep(await open(), place)
    writeFileSync(join(folder, 'cache', place.voiceHash, `${place.key}.pcm.new`), 'a write that did not end')
    const again = await open()
    expect(await again.read(place)).toEqual(SECOND)
    expect(files()).toEqual([join(place.voiceHash, `${place.key}.pcm`)])
    expect(readdirSync(join(folder, 'cache', place.voiceHash))).toHaveLength(1)
    expect(statSync(join(folder, 'cache', files()[0] ?? '')).mode & 0o777).toBe(0o600)
    for (const name of ['cache', join('cache', place.voiceHash)])
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o700)
    expect(readFileSync(join(folder, 'cache', files()[0] ?? ''), 'latin1')).not.toContain('Rosebud')
  })

  it('[SPC5] is bounded: what was used longest ago goes first, also after a restart', async () => {
    const cache = await open(3 * SECOND_BYTES)
    const [one, two, three, four, five] = ['1', '2', '3', '4', '5'].map((text) => placeOf(text))
    if (!one || !two || !three || !four || !five) throw new Error('five places')
    for (const place of [one, two, three]) {
      await keep(cache, place)
      await clock.advance(120_000)
    }
    await cache.read(one)
    await clock.advance(120_000)
    await keep(cache, four)
    expect(cache.stats).toMatchObject({ entries: 3, bytes: 3 * SECOND_BYTES })
    expect(await cache.read(two)).toBeUndefined()
    const again = await open(3 * SECOND_BYTES)
    await keep(again, five)
    expect(await again.read(three)).toBeUndefined()
    expect(await again.read(one)).toEqual(SECOND)
    expect(files()).toHaveLength(3)
    expect((await open(SECOND_BYTES)).stats.entries).toBe(1)
    const small = await open(SECOND_BYTES - 1)
    await keep(small, one)
    expect(small.stats.entries).toBe(0)
  })

  it('[SPC6] drops a file that is damaged or gone', async () => {
    const cache = await open()
    const [damaged, gone] = [placeOf('damaged'), placeOf('gone')]
    await keep(cache, damaged)
    await keep(cache, gone)
    const file = ({ voiceHash, key }: Place): string => join(folder, 'cache', voiceHash, `${key}.pcm`)
    writeFileSync(file(damaged), 'noise')
    rmSync(file(gone))
    expect(await cache.read(damaged)).toBeUndefined()
    expect(await cache.read(gone)).toBeUndefined()
    expect(cache.stats).toMatchObject({ entries: 0, bytes: 0, misses: 2 })
    expect(files()).toEqual([])
  })

  it('[SPC7] forgets a voice with everything that it said, and nothing of another', async () => {
    const cache = await open()
    const [ada, bob] = [placeOf('Hello.', 'ada'), placeOf('Hello.', 'bob')]
    await keep(cache, ada)
    await keep(cache, bob)
    await cache.forgetVoice(ada.voiceHash)
    await cache.forgetVoice('../../etc')
    expect(await cache.read(ada)).toBeUndefined()
    expect(await cache.read(bob)).toEqual(SECOND)
    expect(files()).toHaveLength(1)
    expect((await open()).stats.entries).toBe(1)
  })
})
