// One piece of speech as a file: a header with rate, length and checksum, then PCM16. Used by speech-cache.ts.
import { pcmFromBytes, pcmToBytes } from '#shared/audio/pcm.ts'
import { sha256 } from './cache-key.ts'

/** Magic, rate (u32), bytes of audio (u32), SHA-256 of rate and audio. */
const MAGIC = 'PSC1'
const HEADER_BYTES = 4 + 4 + 4 + 32

export interface CachedSpeech {
  pcm: Int16Array
  sampleRate: number
}

export function writeSpeech({ pcm, sampleRate }: CachedSpeech): Uint8Array {
  const audio = pcmToBytes(pcm)
  const bytes = Buffer.alloc(HEADER_BYTES + audio.length)
  bytes.write(MAGIC, 0, 'latin1')
  bytes.writeUInt32LE(sampleRate, 4)
  bytes.writeUInt32LE(audio.length, 8)
  bytes.set(audio, HEADER_BYTES)
  bytes.write(checksum(bytes), 12, 'hex')
  return bytes
}

/** Undefined where it is not exactly what was written: cut short, changed, or something else. */
export function readSpeech(content: Uint8Array): CachedSpeech | undefined {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  if (bytes.length < HEADER_BYTES || bytes.toString('latin1', 0, 4) !== MAGIC) return undefined
  if (bytes.readUInt32LE(8) !== bytes.length - HEADER_BYTES) return undefined
  if (bytes.toString('hex', 12, HEADER_BYTES) !== checksum(bytes)) return undefined
  const pcm = pcmFromBytes(bytes.subarray(HEADER_BYTES))
  return pcm.ok ? { pcm: pcm.value, sampleRate: bytes.readUInt32LE(4) } : undefined
}

const checksum = (bytes: Buffer): string => sha256(Buffer.concat([bytes.subarray(4, 12), bytes.subarray(HEADER_BYTES)]))
