// A program of its own that decodes one file and ends: `decode-child.ts KIND PATH`. Writes the rate (u32, little endian) and PCM16 mono to
// stdout; its exit code says what came of it. Whoever starts it bounds its time and memory: decode.ts.
import { readFileSync, writeSync } from 'node:fs'
import { pcmToBytes } from '#shared/audio/pcm.ts'
import { AUDIO_KINDS, type AudioKind } from '#shared/audio/sniff-audio.ts'
import { readWav } from '#shared/audio/wav.ts'
import { decoderOf } from './decoders.ts'
import { EXIT_TOO_LONG, EXIT_UNREADABLE, MAX_CHANNELS, MAX_RATE, MAX_RECORDING_MS, MIN_RATE } from './decode-limits.ts'
import { Mixdown } from './mixdown.ts'

const [, , kind, path = ''] = process.argv
try {
  process.exitCode = await run()
} catch {
  process.exitCode = EXIT_UNREADABLE
}

async function run(): Promise<number> {
  const isKnown = (text: string | undefined): text is AudioKind => AUDIO_KINDS.some((one) => one === text)
  if (!isKnown(kind)) return EXIT_UNREADABLE
  const file = new Uint8Array(readFileSync(path))
  if (kind === 'wav') return wav(file)
  const parts = decoderOf(kind, file)
  if (!parts) return EXIT_UNREADABLE
  const mixdown = new Mixdown()
  for await (const { channels, sampleRate } of parts) {
    if (!isPlausible(channels.length, sampleRate)) return EXIT_UNREADABLE
    mixdown.add(channels, sampleRate)
    if (mixdown.ms > MAX_RECORDING_MS) return EXIT_TOO_LONG
  }
  return write(mixdown.pcm(), mixdown.sampleRate)
}

function wav(file: Uint8Array): number {
  const { samples, sampleRate, channels } = readWav(file)
  if (!isPlausible(channels, sampleRate)) return EXIT_UNREADABLE
  return (samples.length * 1000) / sampleRate > MAX_RECORDING_MS ? EXIT_TOO_LONG : write(samples, sampleRate)
}

function isPlausible(channels: number, rate: number): boolean {
  return channels >= 1 && channels <= MAX_CHANNELS && rate >= MIN_RATE && rate <= MAX_RATE
}

function write(pcm: Int16Array, sampleRate: number): number {
  if (pcm.length === 0) return EXIT_UNREADABLE
  const bytes = Buffer.alloc(4 + pcm.length * 2)
  bytes.writeUInt32LE(sampleRate)
  bytes.set(pcmToBytes(pcm), 4)
  for (let at = 0; at < bytes.length;) at += writeAll(bytes, at)
  return 0
}

/** A pipe that is full says so instead of waiting. */
function writeAll(bytes: Buffer, at: number): number {
  try {
    return writeSync(1, bytes, at)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return 0
    throw error
  }
}
