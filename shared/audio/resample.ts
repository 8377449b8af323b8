// Streaming sample-rate conversion: a polyphase Kaiser-windowed sinc, by rational ratio. Used by the page's worklet, the
// edge's clients and the node. Chunk borders leave no trace: chunked output equals one-shot output bit for bit.
// 48 → 16 kHz: passband −1.2 dB at 7 kHz, aliases below −94 dB. Its look-ahead is 24 zero crossings (1.5 ms there).
import { FaultError } from '#shared/fault.ts'
import { invariant } from '#shared/invariant.ts'
import { floatToPcm, pcmToFloat } from './pcm.ts'

/** Zero crossings on each side of the sinc: with fewer, 7 kHz is lost (12: −5.6 dB) and 9 kHz folds back (−75 dB). */
const ZEROS = 24
const KAISER_BETA = 9
/** Cut-off as a share of the lower Nyquist frequency; the rest is the transition band. */
const ROLL_OFF = 0.92
/** Filter coefficients at most, 8 MiB. Only rates without a usable common divisor, such as 44,101, need more. */
const MAX_COEFFICIENTS = 2 ** 21
/** Filters kept for reuse, since a session makes several resamplers of the same few ratios. */
const MAX_CACHED_FILTERS = 8

interface Filter {
  /** Output steps per `decimation` input steps, in lowest terms. */
  interpolation: number
  decimation: number
  halfTaps: number
  /** One set of 2 × halfTaps coefficients a phase. */
  phases: Float32Array[]
}

export class Resampler {
  readonly fromRate: number
  readonly toRate: number
  readonly #filter: Filter
  #pending: Float32Array
  #position = 0
  #phase = 0
  #taken = 0
  #given = 0

  constructor(fromRate: number, toRate: number) {
    this.fromRate = fromRate
    this.toRate = toRate
    this.#filter = filterFor(fromRate, toRate)
    // Zeros before the first sample, so that output sample 0 is at the time of input sample 0.
    this.#pending = new Float32Array(this.#filter.halfTaps - 1)
  }

  /** Takes the next samples and returns those that can be computed by now. */
  push(samples: Float32Array): Float32Array {
    if (this.fromRate === this.toRate) return samples.slice()
    this.#taken += samples.length
    return this.#convolve(samples)
  }

  /** The samples that the look-ahead still held; with them ⌈taken × toRate / fromRate⌉ were given. The next stream may begin. */
  flush(): Float32Array {
    if (this.fromRate === this.toRate) return new Float32Array(0)
    const { interpolation, decimation, halfTaps } = this.#filter
    const owed = Math.ceil((this.#taken * interpolation) / decimation) - this.#given
    const tail = this.#convolve(new Float32Array(halfTaps + decimation)).slice(0, Math.max(0, owed))
    this.#pending = new Float32Array(halfTaps - 1)
    this.#position = this.#phase = this.#taken = this.#given = 0
    return tail
  }

  pushPcm(pcm: Int16Array): Int16Array {
    return this.fromRate === this.toRate ? pcm.slice() : floatToPcm(this.push(pcmToFloat(pcm)))
  }

  flushPcm(): Int16Array {
    return floatToPcm(this.flush())
  }

  #convolve(samples: Float32Array): Float32Array {
    const { interpolation, decimation, halfTaps, phases } = this.#filter
    const input = new Float32Array(this.#pending.length + samples.length)
    input.set(this.#pending)
    input.set(samples, this.#pending.length)
    const output = new Float32Array(Math.ceil((samples.length * interpolation) / decimation) + 2)
    let position = this.#position
    let phase = this.#phase
    let length = 0
    while (position + halfTaps * 2 <= input.length) {
      output[length++] = dot(phases[phase], input, position)
      phase += decimation
      position += Math.floor(phase / interpolation)
      phase %= interpolation
    }
    const consumed = Math.min(position, input.length)
    this.#pending = input.slice(consumed)
    this.#position = position - consumed
    this.#phase = phase
    this.#given += length
    return output.subarray(0, length)
  }
}

/** A whole recording at once. */
export function resamplePcm(pcm: Int16Array, fromRate: number, toRate: number): Int16Array {
  const resampler = new Resampler(fromRate, toRate)
  const head = resampler.pushPcm(pcm)
  const tail = resampler.flushPcm()
  const whole = new Int16Array(head.length + tail.length)
  whole.set(head)
  whole.set(tail, head.length)
  return whole
}

function dot(coefficients: Float32Array | undefined, input: Float32Array, offset: number): number {
  invariant(coefficients, 'a phase has its coefficients')
  let sum = 0
  for (let k = 0; k < coefficients.length; k++) sum += (coefficients[k] ?? 0) * (input[offset + k] ?? 0)
  return sum
}

const filters = new Map<string, Filter>()

function filterFor(fromRate: number, toRate: number): Filter {
  invariant(Number.isInteger(fromRate) && fromRate > 0, 'fromRate is a positive whole number')
  invariant(Number.isInteger(toRate) && toRate > 0, 'toRate is a positive whole number')
  const divisor = greatestCommonDivisor(fromRate, toRate)
  const key = `${toRate / divisor}/${fromRate / divisor}`
  const known = filters.get(key)
  if (known) return known
  const filter = designFilter(toRate / divisor, fromRate / divisor)
  if (filters.size >= MAX_CACHED_FILTERS) filters.delete(filters.keys().next().value ?? '')
  filters.set(key, filter)
  return filter
}

function designFilter(interpolation: number, decimation: number): Filter {
  const narrowing = Math.min(1, interpolation / decimation)
  const halfTaps = Math.ceil(ZEROS / narrowing)
  const coefficients = interpolation * halfTaps * 2
  if (coefficients > MAX_COEFFICIENTS) {
    throw new FaultError({
      code: 'too_large',
      limit: 'resampling ratio',
      max: MAX_COEFFICIENTS,
      got: coefficients,
      unit: 'coefficients',
    })
  }
  const phases: Float32Array[] = []
  for (let phase = 0; phase < interpolation; phase++)
    phases.push(designPhase(halfTaps, phase / interpolation, narrowing * ROLL_OFF))
  return { interpolation, decimation, halfTaps, phases }
}

/** One phase of the windowed sinc, scaled to unit gain at 0 Hz. `cutoff` is relative to the input's Nyquist frequency. */
function designPhase(halfTaps: number, fraction: number, cutoff: number): Float32Array {
  const coefficients = new Float32Array(halfTaps * 2)
  let sum = 0
  for (let k = 0; k < coefficients.length; k++) {
    const x = k - halfTaps + 1 - fraction
    const inside = 1 - (x / halfTaps) ** 2
    const window = inside > 0 ? bessel(KAISER_BETA * Math.sqrt(inside)) / bessel(KAISER_BETA) : 0
    const sinc = x === 0 ? cutoff : Math.sin(Math.PI * cutoff * x) / (Math.PI * x)
    coefficients[k] = sinc * window
    sum += sinc * window
  }
  return coefficients.map((value) => value / sum)
}

/** The modified Bessel function of the first kind, order 0, by its series; 40 terms are exact for β ≤ 9. */
function bessel(x: number): number {
  let sum = 1
  let term = 1
  for (let k = 1; k < 40; k++) {
    term *= (x / 2 / k) ** 2
    sum += term
  }
  return sum
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
