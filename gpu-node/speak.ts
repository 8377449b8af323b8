// A program of its own: says a sentence with the embedded English voice and writes it as a WAV file at 16 kHz.
// `npm run speak -- "What is your name?" --out question.wav`. Used by the self-check of `parley start`.
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { concatPcm } from '#shared/audio/pcm.ts'
import { resamplePcm } from '#shared/audio/resample.ts'
import { writeWav } from '#shared/audio/wav.ts'
import { silentLog } from '#shared/log.ts'
import { createFliteTts } from '#gpu-node/engines/embedded/flite/flite-tts.ts'
import { ENGINE_INPUT_RATE } from './engines/ports.ts'

const { values, positionals } = parseArgs({
  options: { out: { type: 'string' }, voice: { type: 'string' } },
  allowPositionals: true,
})
const text = positionals.join(' ').trim()
if (text === '' || values.out === undefined) {
  process.stderr.write('usage: npm run speak -- "What is your name?" --out question.wav [--voice slt|rms|awb|kal]\n')
  process.exit(2)
}

const tts = await createFliteTts({ log: silentLog })
const parts: Int16Array[] = []
const voice = values.voice === undefined ? {} : { voice: values.voice }
for await (const pcm of tts.synthesize({ text, language: 'en', signal: new AbortController().signal, ...voice })) {
  parts.push(pcm)
}
await tts.close()
await writeFile(
  values.out,
  writeWav(resamplePcm(concatPcm(parts), tts.sampleRate, ENGINE_INPUT_RATE), ENGINE_INPUT_RATE),
)
