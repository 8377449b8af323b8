// The speech that the engines are measured on: a folder of recordings with their words (x.wav and x.txt), or the tests' sentences
// in the embedded voice. Everything is PCM16 mono at ENGINE_INPUT_RATE.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { concatPcm } from '#shared/audio/pcm.ts'
import { resamplePcm } from '#shared/audio/resample.ts'
import { readWav } from '#shared/audio/wav.ts'
import { silentLog } from '#shared/log.ts'
import type { Language } from '#shared/model/language.ts'
import { createFliteTts } from '#gpu-node/engines/embedded/flite/flite-tts.ts'
import { ENGINE_INPUT_RATE } from '#gpu-node/engines/ports.ts'
import { say, SENTENCES } from '#tests/gpu-node/engines/embedded/spoken.ts'
import { spokenLanguage } from './error-rate.ts'

export interface Recording {
  name: string
  text: string
  language: Language
  pcm: Int16Array
}

/** Not the voice that the embedded engine answers with, at least. */
const VOICE = 'rms'
/** Below this a sample at the end of a recording is silence and no speech: -40 dB of full scale. */
const SILENT_BELOW = 328
/** More than anybody wants to wait for. */
const MAX_RECORDINGS = 2_000

/** Throws an Error that names the file which is missing or cannot be read. */
export function readRecordings(folder: string): Recording[] {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.wav'))
    .toSorted()
  if (names.length === 0) throw new Error(`${folder}: no .wav file is there`)
  if (names.length > MAX_RECORDINGS) throw new Error(`${folder}: ${names.length} recordings, at most ${MAX_RECORDINGS}`)
  return names.map((name) => {
    const words = join(folder, name.replace(/\.wav$/, '.txt'))
    if (!existsSync(words)) throw new Error(`${words}: is missing; each recording needs its words`)
    const text = readFileSync(words, 'utf8').trim()
    const { samples, sampleRate } = readWav(readFileSync(join(folder, name)))
    return { name, text, language: spokenLanguage(text), pcm: resamplePcm(samples, sampleRate, ENGINE_INPUT_RATE) }
  })
}

/** The tests' sentences as the embedded voice says them, without the silence at their end. */
export async function generateRecordings(): Promise<Recording[]> {
  const tts = await createFliteTts({ log: silentLog })
  const spoken: Recording[] = []
  for (const text of SENTENCES) {
    const pcm = resamplePcm(await say(tts, text, VOICE), tts.sampleRate, ENGINE_INPUT_RATE)
    const end = pcm.findLastIndex((sample) => Math.abs(sample) >= SILENT_BELOW) + 1
    spoken.push({ name: text, text, language: 'en', pcm: pcm.subarray(0, end) })
  }
  await tts.close()
  return spoken
}

/** Speech of exactly this length, from recordings one after the other, beginning with another one each time. */
export function clip(recordings: readonly Recording[], seconds: number, first: number): Int16Array {
  const samples = seconds * ENGINE_INPUT_RATE
  const parts: Int16Array[] = []
  for (let got = 0, i = first; got < samples; i++) {
    const part = recordings[i % recordings.length]?.pcm ?? new Int16Array(samples)
    parts.push(part)
    got += part.length
  }
  return concatPcm(parts).subarray(0, samples)
}
