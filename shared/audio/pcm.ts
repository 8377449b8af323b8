// PCM16 mono in its three shapes: bytes on a wire, Int16 samples, Float32 samples in [-1, 1].
// Used at both ends of every audio wire and in the AudioWorklet. Knows no rates and no containers.
import { invalidFault } from '#shared/fault.ts'
import type { Result } from '#shared/result.ts'
import { fail, ok } from '#shared/result.ts'

/** One step of Int16 as a float. Divided by 32768 both ways, so that Int16 → Float32 → Int16 is exact. */
const FULL_SCALE = 32_768

export function floatToPcm(samples: Float32Array): Int16Array {
  const pcm = new Int16Array(samples.length)
  for (let i = 0; i < samples.length; i++) pcm[i] = clampToInt16((samples[i] ?? 0) * FULL_SCALE)
  return pcm
}

export function pcmToFloat(pcm: Int16Array): Float32Array {
  const samples = new Float32Array(pcm.length)
  for (let i = 0; i < pcm.length; i++) samples[i] = (pcm[i] ?? 0) / FULL_SCALE
  return samples
}

/** The nearest Int16. NaN, which broken decoders produce, becomes silence. */
export function clampToInt16(value: number): number {
  if (Number.isNaN(value)) return 0
  return Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, Math.round(value)))
}

/**
 * Little-endian bytes as samples. Copies, because a frame's payload often starts at an odd offset of its buffer,
 * where an Int16Array cannot lie.
 */
export function pcmFromBytes(bytes: Uint8Array): Result<Int16Array> {
  if (bytes.byteLength % 2 !== 0) return fail(invalidFault(`pcm16: ${bytes.byteLength} bytes, an odd number`))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const pcm = new Int16Array(bytes.byteLength / 2)
  for (let i = 0; i < pcm.length; i++) pcm[i] = view.getInt16(i * 2, true)
  return ok(pcm)
}

/** Samples as little-endian bytes, whatever the host's byte order. */
export function pcmToBytes(pcm: Int16Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pcm.length * 2)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < pcm.length; i++) view.setInt16(i * 2, pcm[i] ?? 0, true)
  return bytes
}

export function concatPcm(parts: readonly Int16Array[]): Int16Array {
  const whole = new Int16Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
