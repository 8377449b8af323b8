// The resampler: chunk borders leave no trace, lengths are exact, the passband is kept and nothing folds back.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FaultError } from '#shared/fault.ts'
import { Resampler, resamplePcm } from '#shared/audio/resample.ts'

const tone = (hz: number, rate: number, seconds: number): Float32Array =>
  Float32Array.from({ length: rate * seconds }, (_, i) => Math.sin((2 * Math.PI * hz * i) / rate))

const levelDb = (samples: Float32Array): number => {
  const middle = samples.subarray(Math.floor(samples.length * 0.1), Math.floor(samples.length * 0.9))
  const power = middle.reduce((sum, x) => sum + x * x, 0) / middle.length
  return 10 * Math.log10(power * 2 + 1e-20)
}

function resample(samples: Float32Array, from: number, to: number): number[] {
  const resampler = new Resampler(from, to)
  return [...resampler.push(samples), ...resampler.flush()]
}

describe('resampler', () => {
  it('[AUD1] chunked output equals one-shot output, sample by sample', () => {
    const rates = fc.constantFrom(8_000, 16_000, 22_050, 24_000, 44_100, 48_000)
    const signal = fc.float32Array({ minLength: 0, maxLength: 1_500, min: -1, max: 1, noNaN: true })
    fc.assert(
      fc.property(rates, rates, signal, fc.array(fc.integer({ min: 0, max: 400 })), (from, to, samples, cuts) => {
        const resampler = new Resampler(from, to)
        const chunked: number[] = []
        let at = 0
        for (const cut of cuts) {
          chunked.push(...resampler.push(samples.subarray(at, at + cut)))
          at += cut
        }
        chunked.push(...resampler.push(samples.subarray(at)), ...resampler.flush())
        expect(chunked).toEqual(resample(samples, from, to))
      }),
      { numRuns: 60 },
    )
  })

  it('[AUD2] gives ⌈n × to / from⌉ samples and can begin anew after flush', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3_000 }),
        fc.constantFrom([48_000, 16_000], [22_050, 24_000]),
        (n, pair) => {
          const [from = 1, to = 1] = pair
          const resampler = new Resampler(from, to)
          const samples = tone(440, from, 1).subarray(0, n)
          const first = [...resampler.push(samples), ...resampler.flush()]
          expect(first).toHaveLength(Math.ceil((n * to) / from))
          expect([...resampler.push(samples), ...resampler.flush()]).toEqual(first)
        },
      ),
      { numRuns: 30 },
    )
  })

  it.each([
    [1_000, 0.1],
    [7_000, 1.5],
  ])('[AUD3] 48 to 16 kHz keeps %d Hz within %d dB', (hz, dB) => {
    expect(Math.abs(levelDb(Float32Array.from(resample(tone(hz, 48_000, 0.5), 48_000, 16_000))))).toBeLessThan(dB)
  })

  it.each([9_000, 12_000, 15_000])('[AUD4] 48 to 16 kHz lets nothing of %d Hz fold back', (hz) => {
    expect(levelDb(Float32Array.from(resample(tone(hz, 48_000, 0.5), 48_000, 16_000)))).toBeLessThan(-90)
  })

  it('[AUD3] stays in time: a tone and its resampled self line up', () => {
    const down = resample(tone(500, 48_000, 0.5), 48_000, 16_000)
    const wanted = tone(500, 16_000, 0.5)
    const worst = Math.max(...down.slice(200, -200).map((x, i) => Math.abs(x - (wanted[i + 200] ?? 0))))
    expect(worst).toBeLessThan(0.01)
  })

  it('[AUD5] a ratio without a usable divisor is refused with the limit', () => {
    expect(() => new Resampler(191_999, 48_000)).toThrow(FaultError)
  })

  it('[AUD2] resamples Int16 whole, and copies at equal rates', () => {
    const pcm = Int16Array.from({ length: 4_800 }, (_, i) => Math.round(20_000 * Math.sin(i / 20)))
    expect(resamplePcm(pcm, 48_000, 16_000)).toHaveLength(1_600)
    const same = resamplePcm(pcm, 24_000, 24_000)
    expect(same).toEqual(pcm)
    expect(same.buffer).not.toBe(pcm.buffer)
  })
})
