// The audio bytes of a speech answer as samples: headerless PCM16, or WAV where a server sends that nevertheless.
// Used by tts.ts. Samples may lie across two network chunks. Does not resample.
import { pcmFromBytes } from '#shared/audio/pcm.ts'
import { invariant } from '#shared/invariant.ts'
import { concatBytes, readWavHeader } from './wav-stream.ts'

/** Samples, and at which rate they are; the rate is the same for all pieces of one answer. */
export interface PcmPiece {
  pcm: Int16Array
  sampleRate: number
}

/** Bytes of a WAV header at most: chunks such as LIST before the data are rarely over 1 KiB. */
const MAX_HEADER_BYTES = 16 * 1024

/** Rates of synthesizers lie between telephony and studio; a header beyond lies. */
const MIN_RATE = 4_000
const MAX_RATE = 192_000

export const isUsualRate = (rate: number): boolean => Number.isInteger(rate) && rate >= MIN_RATE && rate <= MAX_RATE

export interface PcmReader {
  push(bytes: Uint8Array): PcmPiece | undefined
  /** Whether half a sample, or half a header, is left over. */
  isTorn(): boolean
}

/** `rate` is what the server said, or what it is configured for; a WAV header is trusted over it. */
export function createPcmReader(rate: number, onUnreadable: (detail: string) => Error): PcmReader {
  let sampleRate = rate
  let held: Uint8Array = new Uint8Array(0)
  let isHeaderRead = false
  // Chunks may follow the data of a WAV file; they are not audio.
  let bytesLeft = Infinity

  function readHeader(): boolean {
    const header = readWavHeader(held)
    if (header.kind === 'more' && held.length <= MAX_HEADER_BYTES) return false
    if (header.kind === 'bad' || header.kind === 'more')
      throw onUnreadable(header.kind === 'bad' ? header.detail : 'a WAV header without end')
    if (header.kind === 'wav') {
      if (!isUsualRate(header.sampleRate)) throw onUnreadable(`a WAV of ${header.sampleRate} Hz`)
      sampleRate = header.sampleRate
      bytesLeft = header.dataBytes
      held = held.subarray(header.dataAt)
    }
    return true
  }

  return {
    push: (bytes) => {
      held = concatBytes(held, bytes)
      isHeaderRead ||= readHeader()
      if (!isHeaderRead) return undefined
      const usable = Math.min(held.length, bytesLeft)
      const whole = usable - (usable % 2)
      const parsed = pcmFromBytes(held.subarray(0, whole))
      invariant(parsed.ok, 'an even number of bytes is PCM16')
      bytesLeft -= whole
      held = bytesLeft < 2 ? new Uint8Array(0) : held.slice(whole)
      return whole === 0 ? undefined : { pcm: parsed.value, sampleRate }
    },
    isTorn: () => held.length > 0,
  }
}
