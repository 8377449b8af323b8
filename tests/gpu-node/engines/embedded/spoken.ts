// Real speech for the tests of engines: the ten sentences, spoken by the embedded voice, and frames of audio.
// A test owns the voice it makes and closes it.
import { readFileSync } from 'node:fs'
import type { Tts } from '#gpu-node/engines/ports.ts'
import { concatPcm } from '#shared/audio/pcm.ts'

export const SENTENCES: readonly string[] = readFileSync(
  new URL('../../../fixtures/spoken-sentences.txt', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')

/** A signal that is never aborted. */
export const unaborted = (): AbortSignal => new AbortController().signal

export async function say(tts: Tts, text: string, voice?: string): Promise<Int16Array> {
  const frames: Int16Array[] = []
  for await (const frame of tts.synthesize({ text, language: 'en', voice, signal: unaborted() })) frames.push(frame)
  return concatPcm(frames)
}

export const silence = (ms: number): Int16Array => new Int16Array((16 * ms) | 0)

/** Whole frames of `size` samples; the rest is left out. */
export function framesOf<T extends Int16Array | Float32Array>(samples: T, size: number): T[] {
  return Array.from(
    { length: Math.floor(samples.length / size) },
    (_, i) => samples.subarray(i * size, (i + 1) * size) as T,
  )
}

/** Pink noise by Kellet's filter over a fixed pseudo-random sequence, so that a run can be repeated. */
export function pinkNoise(length: number, level: number): Float32Array {
  let [b0, b1, b2, seed] = [0, 0, 0, 1]
  return Float32Array.from({ length }, () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    const white = seed / 2 ** 31 - 1
    b0 = 0.99765 * b0 + white * 0.099046
    b1 = 0.963 * b1 + white * 0.2965164
    b2 = 0.57 * b2 + white * 1.0526913
    return (b0 + b1 + b2 + white * 0.1848) * level
  })
}
