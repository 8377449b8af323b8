// Says a text with the embedded English voice and writes it as a WAV file at 16 kHz. A command of main.ts; `parley start` has it
// speak the question of its self-check.
import { writeFile } from 'node:fs/promises'
import { concatPcm } from '#shared/audio/pcm.ts'
import { resamplePcm } from '#shared/audio/resample.ts'
import { writeWav } from '#shared/audio/wav.ts'
import { type FaultError, invalid } from '#shared/fault.ts'
import { silentLog } from '#shared/log.ts'
import { hintFor } from '#shared/nearest.ts'
import { speakableParts } from '#gpu-node/engines/embedded/flite/flite-text.ts'
import { createFliteTts, FLITE_VOICES } from '#gpu-node/engines/embedded/flite/flite-tts.ts'
import { ENGINE_INPUT_RATE } from './engines/ports.ts'

export interface Said {
  file: string
  durationMs: number
}

/** Throws FaultError invalid_message, before anything is written, for a text or a voice that cannot be spoken. */
export async function speak({ text, out, voice }: { text: string; out: string; voice: string }): Promise<Said> {
  if (!FLITE_VOICES.includes(voice)) throw refused(`--voice: there is no ${voice}; ${hintFor(voice, FLITE_VOICES)}`)
  const unsaid = unsaidIn(text)
  if (unsaid.length > 0) throw refused(`the embedded voice speaks English and cannot say ${unsaid.join(' ')}`)
  if (speakableParts(text).length === 0) throw refused('the text has no word that could be said')
  const tts = await createFliteTts({ log: silentLog })
  try {
    const parts: Int16Array[] = []
    const { signal } = new AbortController()
    for await (const pcm of tts.synthesize({ text, language: 'en', voice, signal })) parts.push(pcm)
    const pcm = resamplePcm(concatPcm(parts), tts.sampleRate, ENGINE_INPUT_RATE)
    await writeFile(out, writeWav(pcm, ENGINE_INPUT_RATE))
    return { file: out, durationMs: Math.round((pcm.length * 1000) / ENGINE_INPUT_RATE) }
  } finally {
    await tts.close()
  }
}

/** Letters and digits that would be left out in silence. */
function unsaidIn(text: string): string[] {
  const letters = new Set(text.match(/[\p{L}\p{N}]/gu))
  return [...letters].filter((letter) => speakableParts(letter).length === 0)
}

const refused = (issue: string): FaultError => invalid(issue)
