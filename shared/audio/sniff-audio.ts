// What kind of audio file this is, by its first bytes: names and announced types are anybody's word. Pure. It says nothing of whether the
// rest of the file can be decoded.

export const AUDIO_KINDS = ['wav', 'mp3', 'flac', 'm4a', 'ogg', 'webm'] as const
export type AudioKind = (typeof AUDIO_KINDS)[number]

export const MEDIA_TYPE: Record<AudioKind, string> = {
  wav: 'audio/wav',
  mp3: 'audio/mpeg',
  flac: 'audio/flac',
  m4a: 'audio/mp4',
  ogg: 'audio/ogg',
  webm: 'audio/webm',
}

/** Bytes that are enough to tell. */
export const SNIFFED_BYTES = 64

/** The bytes that mark a file of each kind, and where they are. The first that fits counts. */
const SIGNATURES: ReadonlyArray<{ kind: AudioKind; parts: ReadonlyArray<{ at: number; text: string }> }> = [
  {
    kind: 'wav',
    parts: [
      { at: 0, text: 'RIFF' },
      { at: 8, text: 'WAVE' },
    ],
  },
  { kind: 'flac', parts: [{ at: 0, text: 'fLaC' }] },
  { kind: 'ogg', parts: [{ at: 0, text: 'OggS' }] },
  // ISO base media (ISO/IEC 14496-12): a box of type ftyp comes first.
  { kind: 'm4a', parts: [{ at: 4, text: 'ftyp' }] },
  { kind: 'mp3', parts: [{ at: 0, text: 'ID3' }] },
]
/** EBML (RFC 8794). */
const EBML = '\u001aE\u00df\u00a3'

/** Undefined for what is none of them. */
export function sniffAudio(head: Uint8Array): AudioKind | undefined {
  const text = String.fromCharCode(...head.subarray(0, SNIFFED_BYTES))
  const found = SIGNATURES.find(({ parts }) => parts.every((part) => text.startsWith(part.text, part.at)))
  if (found) return found.kind
  // Its document type stands near the beginning.
  if (text.startsWith(EBML)) return /webm|matroska/.test(text) ? 'webm' : undefined
  return isMpegFrame(head) ? 'mp3' : undefined
}

/** Sync word, layer III, and no field that is reserved (ISO/IEC 11172-3 §2.4.2.3). */
function isMpegFrame([first = 0, second = 0, third = 0]: Uint8Array): boolean {
  const version = (second >> 3) & 3
  const layer = (second >> 1) & 3
  const bitrate = third >> 4
  const rate = (third >> 2) & 3
  return (
    first === 0xff && second >= 0xe0 && version !== 1 && layer === 1 && bitrate !== 0 && bitrate !== 15 && rate !== 3
  )
}
