// Audio in which every sample follows from the one before it, so that a test sees each lost and each repeated one.
import { expect } from 'vitest'

/** Far above what the scripted engines take for silence, so that a ramp is a voice. */
const LOWEST = 2_000
/** Prime, so that no frame's length divides it. */
const PERIOD = 19_997

export const rampSample = (position: number): number => LOWEST + (position % PERIOD)

export const ramp = (samples: number, from = 0): Int16Array =>
  Int16Array.from({ length: samples }, (_, at) => rampSample(from + at))

/** Fails with the first place at which the ramp is broken: what is missing there, or comes twice. */
export function expectRamp(pcm: Int16Array): void {
  const at = pcm.findIndex((sample, i) => i > 0 && sample !== rampSample((pcm[i - 1] ?? 0) - LOWEST + 1))
  const around = at < 0 ? [] : [pcm[at - 1], pcm[at]]
  expect({ brokenAt: at, around }).toEqual({ brokenAt: -1, around: [] })
}
