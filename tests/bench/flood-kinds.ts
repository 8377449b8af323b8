// The floods of the flood bench, by name, and what its two programs tell each other.
import { encodeAudioFrame } from '#shared/protocol/audio-frame.ts'
import type { Frame } from '#shared/link/frame.ts'

const DEPTH = 30_000
const JUNK_BYTES = 60_000
/** 20 ms at 16 kHz. */
const AUDIO = new Uint8Array(640)
const deep = '['.repeat(DEPTH) + ']'.repeat(DEPTH)
const junk = new Uint8Array(JUNK_BYTES).fill(7)

/** The frame with this number, from 1. */
export const FLOOD_KINDS: Readonly<Record<string, (seq: number) => Frame>> = {
  'tiny JSON': () => '{}',
  '30,000-deep JSON': () => deep,
  '60 KB junk': () => junk,
  'text.send': (seq) => JSON.stringify({ type: 'text.send', seq, text: 'hello' }),
  'acks, which are good': () => '{"type":"ack","received":0}',
  'audio, which is good': (seq) => encodeAudioFrame({ turn: 0, sequence: seq, pcm: AUDIO }),
}

export interface FloodSettings {
  url: string
  key: string
  kind: string
}

export interface FloodCount {
  frames: number
  sockets: number
  /** How often it was closed with which code. 0: the dial was refused. */
  codes: Record<string, number>
}
