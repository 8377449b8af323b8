// The process of espeak-tts.ts: the only place that loads espeak-ng, which is GPL-3, optional and synchronous. Its one
// argument is the package's file. Speaks one part at a time; knows no queue and no abort.
import { pathToFileURL } from 'node:url'
import { resamplePcm } from '#shared/audio/resample.ts'
import { concatPcm } from '#shared/audio/pcm.ts'
import { trimSilence } from '#shared/audio/silence.ts'
import { invariant } from '#shared/invariant.ts'
import type { SpokenPart } from '#gpu-node/engines/embedded/embedded-speech.ts'
import { serveRequests } from '#gpu-node/engines/embedded/embedded-worker-port.ts'

export interface EspeakRequest {
  /** A language of espeak-ng: "cmn", "en-us". */
  voice: string
  text: string
  /** Wanted of the answer, in Hz. */
  sampleRate: number
}

/** The parts of the package that are used here. */
interface EspeakModule {
  eSpeakNGWorker: new () => Espeak
}
interface Espeak {
  get_samplerate(): number
  /** 0 when there is such a voice. */
  set_voice(name: string): number
  /** Calls back with 50 ms each, and with nothing at the end; true would end it. */
  synthesize(text: string, onAudio: (pcm: Int16Array | null) => boolean): void
}

const [path] = process.argv.slice(2)
invariant(path, 'the package’s file is given')
const { default: load } = (await import(pathToFileURL(path).href)) as { default: () => Promise<EspeakModule> }
const espeak = new (await load()).eSpeakNGWorker()

serveRequests<EspeakRequest>(({ voice, text, sampleRate }) => {
  invariant(espeak.set_voice(voice) === 0, 'espeak-ng has the voice')
  const chunks: Int16Array[] = []
  espeak.synthesize(text, (pcm) => {
    if (pcm) chunks.push(pcm)
    return false
  })
  const rate = espeak.get_samplerate()
  const pcm = resamplePcm(trimSilence(concatPcm(chunks), rate), rate, sampleRate)
  const reply: SpokenPart = { pcm: Int16Array.from(pcm) }
  return { reply }
})
