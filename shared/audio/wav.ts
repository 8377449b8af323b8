// Reads and writes WAV files: PCM of 8, 16, 24 bits and 32-bit float, any channels up to 8, mixed down to mono Int16.
// Used by the CLI, the self-check, uploads and tests. Takes headers of streams, whose sizes are unknown, as they come.
import { FaultError, invalid } from '#shared/fault.ts'
import { clampToInt16, pcmToBytes } from './pcm.ts'

export interface Wav {
  sampleRate: number
  /** Channels in the file; `samples` is their mean. */
  channels: number
  samples: Int16Array
}

/** Largest file taken by default: 60 s of 48 kHz stereo float are 23 MB, with room to spare. */
export const MAX_WAV_BYTES = 64 * 1024 * 1024
/** More channels than any microphone or mixer writes; a lying header must not cost CPU. */
const MAX_CHANNELS = 8
const MIN_RATE = 4_000
const MAX_RATE = 192_000

const FORMAT_PCM = 1
const FORMAT_FLOAT = 3
const FORMAT_EXTENSIBLE = 0xfffe
/** Size that ffmpeg and our own /v1/audio/speech write while they do not know the end. */
const UNKNOWN_SIZE = 0xffffffff

interface Format {
  tag: number
  channels: number
  sampleRate: number
  bits: number
}
type ReadSample = (view: DataView, at: number) => number

/** Throws FaultError invalid_message, naming the header's field, or too_large. A truncated file gives what it has. */
export function readWav(bytes: Uint8Array, options: { maxBytes?: number } = {}): Wav {
  checkForm(bytes, options.maxBytes ?? MAX_WAV_BYTES)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let format: Format | undefined
  let at = 12
  while (at + 8 <= view.byteLength) {
    const id = name(view, at)
    const size = view.getUint32(at + 4, true)
    const start = at + 8
    if (id === 'fmt ') format = readFormat(view, start, size)
    if (id === 'data') {
      if (!format) throw invalidWav('fmt: missing before data')
      return { ...facts(format), samples: readSamples(view, start, dataEnd(view, start, size), format) }
    }
    // Chunks are padded to even length.
    at = start + size + (size % 2)
  }
  throw invalidWav(format ? 'data: missing' : 'fmt: missing')
}

/** A PCM16 mono file. */
export function writeWav(samples: Int16Array, sampleRate: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_BYTES + samples.length * 2)
  bytes.set(header(sampleRate, samples.length * 2, bytes.byteLength - 8))
  bytes.set(pcmToBytes(samples), HEADER_BYTES)
  return bytes
}

/** Before PCM16 mono whose end is not known yet; players take it until it stops. */
export const endlessWavHeader = (sampleRate: number): Uint8Array<ArrayBuffer> =>
  header(sampleRate, UNKNOWN_SIZE, UNKNOWN_SIZE)

const HEADER_BYTES = 44

function header(sampleRate: number, dataBytes: number, riffBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  const text = (at: number, value: string): void => bytes.set(new TextEncoder().encode(value), at)
  text(0, 'RIFF')
  view.setUint32(4, riffBytes, true)
  text(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, FORMAT_PCM, true)
  view.setUint16(22, 1, true)
  view.setUint32(24, sampleRate, true)
  view.setUint32(28, sampleRate * 2, true)
  view.setUint16(32, 2, true)
  view.setUint16(34, 16, true)
  text(36, 'data')
  view.setUint32(40, dataBytes, true)
  return bytes
}

function checkForm(bytes: Uint8Array, maxBytes: number): void {
  if (bytes.byteLength > maxBytes)
    throw new FaultError({ code: 'too_large', limit: 'wav', max: maxBytes, got: bytes.byteLength, unit: 'bytes' })
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const magic = bytes.byteLength >= 12 ? name(view, 0) : ''
  // RF64 is RIFF with 64-bit sizes in a chunk of their own; its 32-bit sizes read as unknown, which suffices here.
  if (magic !== 'RIFF' && magic !== 'RF64') throw invalidWav('riff: not a WAV file')
  if (name(view, 8) !== 'WAVE') throw invalidWav('riff: not of form WAVE')
}

function readFormat(view: DataView, at: number, size: number): Format {
  if (size < 16 || at + 16 > view.byteLength) throw invalidWav('fmt: shorter than 16 bytes')
  let tag = view.getUint16(at, true)
  // The extensible form holds the true tag in the first two bytes of its sub-format.
  if (tag === FORMAT_EXTENSIBLE && size >= 26 && at + 26 <= view.byteLength) tag = view.getUint16(at + 24, true)
  const format = {
    tag,
    channels: view.getUint16(at + 2, true),
    sampleRate: view.getUint32(at + 4, true),
    bits: view.getUint16(at + 14, true),
  }
  if (format.channels < 1 || format.channels > MAX_CHANNELS)
    throw invalidWav(`channels: ${format.channels}, not 1 to ${MAX_CHANNELS}`)
  if (format.sampleRate < MIN_RATE || format.sampleRate > MAX_RATE)
    throw invalidWav(`sampleRate: ${format.sampleRate} Hz, not ${MIN_RATE} to ${MAX_RATE}`)
  return format
}

const facts = (format: Format): { sampleRate: number; channels: number } => ({
  sampleRate: format.sampleRate,
  channels: format.channels,
})

/** Sizes that are unknown, or lie beyond the file, mean all that is left. */
function dataEnd(view: DataView, start: number, size: number): number {
  const isStream = size === UNKNOWN_SIZE || (size === 0 && isUnknown(view.getUint32(4, true)))
  return isStream ? view.byteLength : Math.min(start + size, view.byteLength)
}

const isUnknown = (riffSize: number): boolean => riffSize === 0 || riffSize === UNKNOWN_SIZE

function readSamples(view: DataView, start: number, end: number, format: Format): Int16Array {
  const read = sampleReader(format)
  const width = format.bits / 8
  const stride = width * format.channels
  const samples = new Int16Array(Math.floor((end - start) / stride))
  for (let i = 0; i < samples.length; i++) {
    let sum = 0
    for (let channel = 0; channel < format.channels; channel++) sum += read(view, start + i * stride + channel * width)
    samples[i] = clampToInt16(sum / format.channels)
  }
  return samples
}

/** Reads one sample on the scale of Int16. */
function sampleReader({ tag, bits }: Format): ReadSample {
  if (tag === FORMAT_PCM && bits === 16) return (view, at) => view.getInt16(at, true)
  if (tag === FORMAT_PCM && bits === 8) return (view, at) => (view.getUint8(at) - 128) * 256
  // The top two bytes carry the sign; the lowest is a fraction of an Int16 step.
  if (tag === FORMAT_PCM && bits === 24) return (view, at) => view.getInt16(at + 1, true) + view.getUint8(at) / 256
  if (tag === FORMAT_FLOAT && bits === 32) return (view, at) => view.getFloat32(at, true) * 32_768
  throw invalidWav(`format: tag ${tag} with ${bits} bits; taken are PCM of 8, 16, 24 bits and float of 32`)
}

const name = (view: DataView, at: number): string =>
  String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3))

const invalidWav = (issue: string): FaultError => invalid(`wav ${issue}`)
