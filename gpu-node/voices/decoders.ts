// Compressed audio as samples, part by part, so that a small file that would be hours long can be stopped. Runs in decode-child.ts only:
// there are files that make each of these decoders spin or take all memory.
import { OggVorbisDecoder } from '@wasm-audio-decoders/ogg-vorbis'
import { FLACDecoder } from '@wasm-audio-decoders/flac'
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny'
import { MPEGDecoder } from 'mpg123-decoder'
import { OggOpusDecoder } from 'ogg-opus-decoder'
import { OpusDecoder } from 'opus-decoder'
import type { AudioKind } from '#shared/audio/sniff-audio.ts'

export interface Decoded {
  /** Each channel in [-1, 1], and beyond where the file is damaged. */
  channels: Float32Array[]
  sampleRate: number
}

/** What each of the decoders offers. */
interface PartDecoder {
  ready: Promise<void>
  decode(part: Uint8Array): Answer | Promise<Answer>
  flush?(): Answer | Promise<Answer>
  free(): void | Promise<void>
}
interface Answer {
  channelData: Float32Array[]
  samplesDecoded: number
  sampleRate: number
}

/** A part of MP3 has some seconds of sound, however well it is compressed. */
const PART_BYTES = 16 * 1024
/** The first page of an Ogg stream names its codec (RFC 7845 §5.1: OpusHead). */
const OGG_HEAD_BYTES = 256

/** Undefined for kinds that no decoder here reads. */
export function decoderOf(kind: AudioKind, file: Uint8Array): AsyncGenerator<Decoded> | undefined {
  switch (kind) {
    case 'mp3':
      return inParts(new MPEGDecoder(), file)
    case 'flac':
      return inParts(new FLACDecoder(), file)
    case 'ogg':
      return inParts(hasOpus(file) ? new OggOpusDecoder() : new OggVorbisDecoder(), file)
    case 'webm':
      return opusOfWebm(file)
    default:
      return undefined
  }
}

function hasOpus(file: Uint8Array): boolean {
  return String.fromCharCode(...file.subarray(0, OGG_HEAD_BYTES)).includes('OpusHead')
}

async function* inParts(decoder: PartDecoder, file: Uint8Array): AsyncGenerator<Decoded> {
  await decoder.ready
  try {
    for (let at = 0; at < file.length; at += PART_BYTES)
      yield* decoded(await decoder.decode(file.subarray(at, at + PART_BYTES)))
    if (decoder.flush) yield* decoded(await decoder.flush())
  } finally {
    await decoder.free()
  }
}

function* decoded({ channelData, samplesDecoded, sampleRate }: Answer): Generator<Decoded> {
  if (samplesDecoded > 0) yield { channels: channelData, sampleRate }
}

/** Opus in WebM, as browsers record it. Other codecs in WebM are not read here. */
async function* opusOfWebm(file: Uint8Array): AsyncGenerator<Decoded> {
  const input = new Input({ source: new BufferSource(file), formats: ALL_FORMATS })
  const track = await input.getPrimaryAudioTrack()
  if (track?.codec !== 'opus') throw new Error('no Opus in it')
  const decoder = new OpusDecoder({ channels: track.numberOfChannels })
  await decoder.ready
  try {
    for await (const { data } of new EncodedPacketSink(track).packets()) yield* decoded(decoder.decodeFrame(data))
  } finally {
    decoder.free()
  }
}
