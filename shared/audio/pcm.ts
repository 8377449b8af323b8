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

/** Whether Int16Array has the byte order of the wire, as on every machine of today; elsewhere each sample is turned. */
const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/**
 * Little-endian bytes as samples. Copies, because a frame's payload often starts at an odd offset of its buffer,
 * where an Int16Array cannot lie.
 */
export function pcmFromBytes(bytes: Uint8Array): Result<Int16Array> {
  if (bytes.byteLength % 2 !== 0) return fail(invalidFault(`pcm16: ${bytes.byteLength} bytes, an odd number`))
  const pcm = new Int16Array(bytes.byteLength / 2)
  if (IS_LITTLE_ENDIAN) new Uint8Array(pcm.buffer).set(bytes)
  else turnFromBytes(bytes, pcm)
  return ok(pcm)
}

/** Samples as little-endian bytes, whatever the host's byte order. */
export function pcmToBytes(pcm: Int16Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pcm.byteLength)
  if (IS_LITTLE_ENDIAN) bytes.set(pcmAsBytes(pcm))
  else turnToBytes(pcm, bytes)
  return bytes
}

/** The same for whoever only reads the bytes, and at once: a view of the samples where they lie in the wire's order already. */
export function pcmAsBytes(pcm: Int16Array): Uint8Array {
  return IS_LITTLE_ENDIAN ? new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength) : pcmToBytes(pcm)
}

/** Sample by sample, for a host of any byte order. */
export function turnFromBytes(bytes: Uint8Array, into: Int16Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let i = 0; i < into.length; i++) into[i] = view.getInt16(i * 2, true)
}

/** Sample by sample, for a host of any byte order. */
export function turnToBytes(pcm: Int16Array, into: Uint8Array): void {
  const view = new DataView(into.buffer, into.byteOffset, into.byteLength)
  for (let i = 0; i < pcm.length; i++) view.setInt16(i * 2, pcm[i] ?? 0, true)
}

export function concatPcm(parts: readonly Int16Array[]): Int16Array<ArrayBuffer> {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Int16Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
