// The header of a WAV stream whose end has not arrived yet. Used by pcm.ts.
// shared/audio/wav.ts reads whole files; this reads what is needed to play the first samples before the last are made.

export type WavHeader =
  /** There are not enough bytes to tell. */
  | { kind: 'more' }
  /** No WAV at all: headerless audio. */
  | { kind: 'none' }
  | { kind: 'bad'; detail: string }
  | { kind: 'wav'; sampleRate: number; dataAt: number; dataBytes: number }

const PCM = 1
const EXTENSIBLE = 0xfffe
/** Servers that do not know the length yet write 0, the largest number, or a gigabyte or two. */
const MAX_KNOWN_BYTES = 0x3fff_ffff

export function readWavHeader(bytes: Uint8Array): WavHeader {
  if (!'RIFF'.startsWith(nameAt(bytes, 0))) return { kind: 'none' }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let sampleRate: number | undefined
  let at = 12
  while (at + 8 <= bytes.length) {
    const id = nameAt(bytes, at)
    const size = view.getUint32(at + 4, true)
    const start = at + 8
    if (id === 'data') return sampleRate ? wav(sampleRate, start, size) : bad('a WAV without a format')
    if (id === 'fmt ') {
      if (start + 16 > bytes.length) return { kind: 'more' }
      if (!isMono16(view, start)) return bad('a WAV that is not PCM16 mono')
      sampleRate = view.getUint32(start + 4, true)
    }
    // Chunks are padded to even length.
    at = start + size + (size % 2)
  }
  return { kind: 'more' }
}

const nameAt = (bytes: Uint8Array, at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4))

const bad = (detail: string): WavHeader => ({ kind: 'bad', detail })

function wav(sampleRate: number, dataAt: number, size: number): WavHeader {
  const isKnown = size > 0 && size <= MAX_KNOWN_BYTES
  return { kind: 'wav', sampleRate, dataAt, dataBytes: isKnown ? size : Infinity }
}

function isMono16(view: DataView, at: number): boolean {
  const tag = view.getUint16(at, true)
  return (
    (tag === PCM || tag === EXTENSIBLE) && view.getUint16(at + 2, true) === 1 && view.getUint16(at + 14, true) === 16
  )
}

export function concatBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b
  const whole = new Uint8Array(a.length + b.length)
  whole.set(a)
  whole.set(b, a.length)
  return whole
}
