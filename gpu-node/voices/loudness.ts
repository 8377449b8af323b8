// How loud a recording is to an ear: integrated loudness of one channel, ITU-R BS.1770-5 (K-weighting, gated blocks of 400 ms). Pure.
// The coefficients are the standard's at any rate, by the analogue filters that it was made from.

/** Loudness of a block in LUFS. A quieter block is silence (BS.1770-5 annex 1). */
const ABSOLUTE_GATE_LUFS = -70
const RELATIVE_GATE_LU = -10
const BLOCK_MS = 400
const STEP_MS = 100
const OFFSET_LU = -0.691

/** −∞ for silence, and for less than one block. */
export function loudnessLufs(samples: Float32Array, sampleRate: number): number {
  const weighted = filter(filter(samples, shelf(sampleRate)), highPass(sampleRate))
  const powers = blockPowers(weighted, sampleRate)
  const audible = powers.filter((power) => lufs(power) > ABSOLUTE_GATE_LUFS)
  const gate = lufs(mean(audible)) + RELATIVE_GATE_LU
  return lufs(mean(audible.filter((power) => lufs(power) > gate)))
}

export const decibels = (share: number): number => 20 * Math.log10(share)

const lufs = (power: number): number => OFFSET_LU + 10 * Math.log10(power)

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length

function blockPowers(samples: Float32Array, sampleRate: number): number[] {
  const length = Math.round((BLOCK_MS * sampleRate) / 1000)
  const step = Math.round((STEP_MS * sampleRate) / 1000)
  const powers: number[] = []
  for (let at = 0; at + length <= samples.length; at += step) {
    let sum = 0
    for (let i = at; i < at + length; i++) sum += (samples[i] ?? 0) ** 2
    powers.push(sum / length)
  }
  return powers
}

interface Biquad {
  b: readonly [number, number, number]
  a: readonly [number, number]
}

/** The head, as a sphere: +4 dB above 1.7 kHz. */
function shelf(sampleRate: number): Biquad {
  const [frequency, gain, q] = [1681.974450955533, 3.999843853973347, 0.7071752369554196]
  const k = Math.tan((Math.PI * frequency) / sampleRate)
  const high = 10 ** (gain / 20)
  const band = high ** 0.4996667741545416
  const a0 = 1 + k / q + k * k
  return {
    b: [(high + (band * k) / q + k * k) / a0, (2 * (k * k - high)) / a0, (high - (band * k) / q + k * k) / a0],
    a: [(2 * (k * k - 1)) / a0, (1 - k / q + k * k) / a0],
  }
}

/** The revised low-frequency B curve: below 38 Hz hardly anything is heard. */
function highPass(sampleRate: number): Biquad {
  const [frequency, q] = [38.13547087602444, 0.5003270373238773]
  const k = Math.tan((Math.PI * frequency) / sampleRate)
  const a0 = 1 + k / q + k * k
  return { b: [1, -2, 1], a: [(2 * (k * k - 1)) / a0, (1 - k / q + k * k) / a0] }
}

function filter(samples: Float32Array, { b: [b0, b1, b2], a: [a1, a2] }: Biquad): Float32Array {
  const out = new Float32Array(samples.length)
  let [x1, x2, y1, y2] = [0, 0, 0, 0]
  for (let i = 0; i < samples.length; i++) {
    const x = samples[i] ?? 0
    const y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2
    ;[x2, x1, y2, y1] = [x1, x, y1, y]
    out[i] = y
  }
  return out
}
