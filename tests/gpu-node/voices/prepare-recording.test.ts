// What becomes of a decoded recording: loudness against the standard's own signals, and what is kept of real speech.
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { concatPcm, floatToPcm, pcmToFloat } from '#shared/audio/pcm.ts'
import { resamplePcm } from '#shared/audio/resample.ts'
import { silentLog } from '#shared/log.ts'
import { createFliteTts } from '#gpu-node/engines/embedded/flite/flite-tts.ts'
import type { Vad } from '#gpu-node/engines/ports.ts'
import { createSileroVad } from '#gpu-node/engines/embedded/silero/silero-vad.ts'
import { loudnessLufs } from '#gpu-node/voices/loudness.ts'
import { bestWindow, PREPARED_LUFS, PREPARED_RATE, prepareRecording } from '#gpu-node/voices/prepare-recording.ts'
import { pinkNoise, say } from '#tests/gpu-node/engines/embedded/spoken.ts'

const FRAME_MS = 32

describe('loudness', () => {
  const sine = (rate: number, level: number, seconds = 5): Float32Array =>
    Float32Array.from({ length: rate * seconds }, (_, i) => level * Math.sin((2 * Math.PI * 997 * i) / rate))

  it.each([16_000, 24_000, 48_000])('[VPR6] a sine of 997 Hz at full scale has −3.01 LUFS at %i Hz', (rate) => {
    // BS.1770-5 annex 1.
    expect(loudnessLufs(sine(rate, 1), rate)).toBeCloseTo(-3.01, 1)
    expect(loudnessLufs(sine(rate, 0.1), rate)).toBeCloseTo(-23.01, 1)
  })

  it('[VPR6] silence between does not count, and silence alone has no loudness', () => {
    const loud = sine(48_000, 0.1)
    const spaced = new Float32Array(loud.length * 2)
    spaced.set(loud, loud.length)
    expect(loudnessLufs(spaced, 48_000)).toBeCloseTo(-23.01, 0)
    expect(loudnessLufs(new Float32Array(48_000), 48_000)).toBe(-Infinity)
    expect(loudnessLufs(new Float32Array(10), 48_000)).toBe(-Infinity)
  })
})

describe('window', () => {
  it('[VPR7] is never longer than 12 s, has speech in it, and all of it where all of it fits', () => {
    const runs = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 200 })), { maxLength: 20 })
    fc.assert(
      fc.property(runs, (lengths) => {
        const isSpeech = lengths.flatMap(([speaks, length]) => Array.from({ length }, () => speaks))
        const window = bestWindow(isSpeech)
        expect(window !== undefined).toBe(isSpeech.includes(true))
        if (!window) return
        const [from, to] = window
        expect((to - from) * FRAME_MS).toBeLessThanOrEqual(12_000)
        const kept = isSpeech.slice(from, to).filter(Boolean).length
        const spanMs = (isSpeech.lastIndexOf(true) + 1 - isSpeech.indexOf(true)) * FRAME_MS
        expect(kept).toBeGreaterThan(0)
        if (spanMs < 11_500) expect(kept).toBe(isSpeech.filter(Boolean).length)
      }),
    )
  })
})

describe('recordings', () => {
  let vad: Vad
  /** Ten seconds and more of speech at 16 kHz. */
  let sentence: Int16Array
  beforeAll(async () => {
    vad = createSileroVad()
    const tts = await createFliteTts({ log: silentLog })
    const text = 'The weather is lovely today, so let us go for a walk along the river, and have a cup of tea.'
    sentence = resamplePcm(await say(tts, text), tts.sampleRate, 16_000)
    await tts.close()
  })
  const pause = (ms: number): Int16Array => new Int16Array(16 * ms)
  const scaled = (pcm: Int16Array, gain: number): Int16Array => floatToPcm(pcmToFloat(pcm).map((x) => x * gain))
  const noisy = (pcm: Int16Array, level: number): Int16Array => {
    const noise = pinkNoise(pcm.length, level)
    return floatToPcm(pcmToFloat(pcm).map((x, i) => x + (noise[i] ?? 0)))
  }

  it('[VPR7] [VPR8] of good speech the speech is kept, at 24 kHz and at one loudness', async () => {
    const spoken = concatPcm([pause(2_000), sentence, pause(3_000)])
    const prepared = await prepareRecording(spoken, 16_000, vad)
    if (prepared.outcome === 'rejected') throw new Error(prepared.reason)
    const seconds = prepared.pcm.length / PREPARED_RATE
    expect(seconds).toBeGreaterThan(3)
    expect(seconds).toBeLessThan(sentence.length / 16_000 + 0.5)
    expect(prepared.isCut).toBe(false)
    expect(loudnessLufs(pcmToFloat(prepared.pcm), PREPARED_RATE)).toBeCloseTo(PREPARED_LUFS, 0)
    const peak = prepared.pcm.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
    expect(peak).toBeLessThan(32_768 * 10 ** (-0.9 / 20))
    expect(prepared.quality).toMatchObject({ inputMs: spoken.length / 16, clippedShare: 0 })
  })

  it('[VPR7] of too much speech at most 12 s are kept, and that something is missing is said', async () => {
    const prepared = await prepareRecording(
      concatPcm([sentence, pause(500), sentence, pause(500), sentence]),
      16_000,
      vad,
    )
    if (prepared.outcome === 'rejected') throw new Error(prepared.reason)
    expect(prepared.pcm.length / PREPARED_RATE).toBeLessThanOrEqual(12)
    expect(prepared.isCut).toBe(true)
  })

  it.each<[string, () => Int16Array]>([
    ['noSpeech', () => new Int16Array(16_000 * 5)],
    ['noSpeech', () => floatToPcm(pinkNoise(16_000 * 5, 0.02))],
    ['tooShort', () => concatPcm([pause(2_000), sentence.subarray(0, 16_000), pause(2_000)])],
    ['clipped', () => scaled(sentence, 40)],
    ['noisy', () => noisy(concatPcm([pause(1_000), sentence, pause(1_000)]), 0.15)],
  ])('[VPR8] is rejected as %s', async (reason, make) => {
    expect(await prepareRecording(make(), 16_000, vad)).toMatchObject({ outcome: 'rejected', reason })
  })

  it('[VPR8] warns of what is not perfect', async () => {
    const quiet = await prepareRecording(concatPcm([pause(1_000), scaled(sentence, 0.02), pause(1_000)]), 16_000, vad)
    expect(quiet.quality.warnings).toContain('quiet')
    const rustling = await prepareRecording(
      noisy(concatPcm([pause(1_000), sentence, pause(1_000)]), 0.025),
      16_000,
      vad,
    )
    expect(rustling.quality.warnings).toContain('noisy')
    expect(rustling.outcome).toBe('prepared')
  })

  it('[VPR19] gives way to what else is to be done, however long the recording is', async () => {
    let turns = 0
    let next = setImmediate(function turn() {
      turns++
      next = setImmediate(turn)
    })
    const spoken = concatPcm([sentence, sentence, sentence])
    const began = turns
    await prepareRecording(spoken, 16_000, vad)
    clearImmediate(next)
    // A frame is 32 ms; of four each.
    expect(turns - began).toBeGreaterThan(spoken.length / 512 / 5)
  })

  it('[VPR18] what stands between the words is the noise; of speech without a pause it is not known', async () => {
    const spoken = concatPcm([sentence, floatToPcm(pinkNoise(16_000, 0.1))])
    const heardAs = (speaks: (frame: number) => boolean): Vad => ({
      engine: vad.engine,
      stream: () => {
        let frame = 0
        return { push: () => (speaks(frame++) ? 1 : 0), reset: () => undefined }
      },
    })
    const speech = sentence.length / 512
    const withPause = await prepareRecording(
      spoken,
      16_000,
      heardAs((frame) => frame < speech),
    )
    expect(withPause).toMatchObject({ outcome: 'rejected', reason: 'noisy' })
    expect(withPause.quality.noiseFloorDbfs).toBeCloseTo(-20, -1)
    const withoutPause = await prepareRecording(
      spoken,
      16_000,
      heardAs(() => true),
    )
    expect(withoutPause.outcome).toBe('prepared')
    expect(withoutPause.quality.warnings).not.toContain('noisy')
  })
})
