// A binary frame on every wire: 8 bytes of header, then PCM16 mono, all little endian. There is no other audio on a wire.
import { type Fault, invalidFault } from '#shared/fault.ts'
import { fail, ok, type Result } from '#shared/result.ts'
import { MAX_FRAME_MS } from './limits.ts'

/** Byte 0: what the frame is. Byte 1: flags, 0 in this version. Bytes 2–3: turn. Bytes 4–7: sequence. */
export const AUDIO_HEADER_BYTES = 8
export const AUDIO_KIND_PCM16 = 1

export interface AudioFrame {
  /** Ordinal of the turn in the session; 0 upwards, where the node decides what belongs to a turn. */
  turn: number
  /** The link's number of this frame: audio and text of one direction are numbered alike. */
  sequence: number
  /** PCM16 mono, little endian; an even number of bytes. */
  pcm: Uint8Array
}

export function encodeAudioFrame(frame: AudioFrame): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(AUDIO_HEADER_BYTES + frame.pcm.byteLength)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, AUDIO_KIND_PCM16)
  view.setUint16(2, frame.turn, true)
  view.setUint32(4, frame.sequence, true)
  bytes.set(frame.pcm, AUDIO_HEADER_BYTES)
  return bytes
}

/** Decodes a frame without copying: `pcm` is a view of `bytes`. `sampleRate` bounds the duration. */
export function decodeAudioFrame(bytes: Uint8Array, sampleRate: number): Result<AudioFrame, Fault> {
  const issue = (text: string): Result<AudioFrame, Fault> => fail(invalidFault(text))
  if (bytes.byteLength < AUDIO_HEADER_BYTES)
    return issue(`audio frame: shorter than its ${AUDIO_HEADER_BYTES}-byte header`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint8(0) !== AUDIO_KIND_PCM16) return issue(`audio frame: kind must be ${AUDIO_KIND_PCM16} (PCM16 mono)`)
  if (view.getUint8(1) !== 0) return issue('audio frame: flags must be 0')
  const audioBytes = bytes.byteLength - AUDIO_HEADER_BYTES
  if (audioBytes === 0) return issue('audio frame: no samples')
  if (audioBytes % 2 !== 0) return issue(`audio frame: PCM16 needs an even number of bytes, got ${audioBytes}`)
  const max = Math.ceil((MAX_FRAME_MS * sampleRate) / 1000) * 2
  if (audioBytes > max) return fail({ code: 'too_large', limit: 'audioFrame', max, got: audioBytes, unit: 'bytes' })
  return ok({
    turn: view.getUint16(2, true),
    sequence: view.getUint32(4, true),
    pcm: bytes.subarray(AUDIO_HEADER_BYTES),
  })
}

/** Reads only the number of a frame: what a relay needs. */
export function sequenceOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(4, true)
}
