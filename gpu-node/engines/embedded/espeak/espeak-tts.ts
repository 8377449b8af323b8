// Mandarin (and English) by espeak-ng, where the user has installed that package: it is GPL-3, so it is no dependency of
// ours and runs in a process of its own. Knows the voices; the queue is embedded-speech.ts, the synthesis espeak-child.ts.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Log } from '#shared/log.ts'
import type { EngineInfo } from '#shared/model/engine.ts'
import { engineId } from '#shared/model/engine.ts'
import { processPeer } from '#gpu-node/engines/embedded/embedded-peer.ts'
import { EmbeddedSpeech } from '#gpu-node/engines/embedded/embedded-speech.ts'
import { boundedParts } from '#gpu-node/engines/embedded/embedded-text.ts'
import { EngineWorker } from '#gpu-node/engines/embedded/embedded-worker.ts'
import type { EspeakRequest } from './espeak-child.ts'
import type { Language, Tts, TtsOptions } from '#gpu-node/engines/ports.ts'

/** Install it to have a Mandarin voice: `npm install --no-save` with this name. */
const ESPEAK_PACKAGE = '@echogarden/espeak-ng-emscripten'
/** Flite's rate, so that the two voices of a node agree. Espeak-ng itself speaks at 22,050 Hz. */
const SAMPLE_RATE = 16_000
const VOICES: Record<Language, string> = { zh: 'cmn', en: 'en-us' }
/** 7–30 times faster than life: one process is enough for all sessions of a small node. */
const MAX_PROCESSES = 1

export interface EspeakTtsOptions {
  log: Log
  /** Folder in whose node_modules the package is looked for; this project's own without it. */
  packageRoot?: string
}

/** Undefined where the package is not installed. */
export async function createEspeakTts({ log, packageRoot }: EspeakTtsOptions): Promise<Tts | undefined> {
  const found = findPackage(packageRoot)
  if (!found) return undefined
  const engine: EngineInfo = { role: 'tts', name: 'espeak-ng', version: found.version, demonstration: true }
  const queue = new EmbeddedSpeech({
    engineId: engineId(engine),
    sampleRate: SAMPLE_RATE,
    maxWorkers: MAX_PROCESSES,
    log,
    startWorker: (onCrash) =>
      new EngineWorker({
        peer: processPeer(new URL('./espeak-child.ts', import.meta.url), [found.path]),
        engineId: engineId(engine),
        stage: 'tts',
        onCrash,
      }),
  })
  const tts = new EspeakTts(engine, queue)
  // Speaks once, so that it is loaded, and known to work, before the first caller.
  for await (const _ of tts.synthesize({ text: '好', language: 'zh', signal: new AbortController().signal }));
  return tts
}

function findPackage(root: string | undefined): { path: string; version: string } | undefined {
  const packageRequire = createRequire(root === undefined ? import.meta.url : join(root, 'package.json'))
  try {
    const { version } = packageRequire(`${ESPEAK_PACKAGE}/package.json`) as { version: string }
    return { path: packageRequire.resolve(ESPEAK_PACKAGE), version }
  } catch {
    // The package is optional, and not installed.
    return undefined
  }
}

class EspeakTts implements Tts {
  readonly engine: EngineInfo
  readonly sampleRate = SAMPLE_RATE
  readonly #queue: EmbeddedSpeech

  constructor(engine: EngineInfo, queue: EmbeddedSpeech) {
    this.engine = engine
    this.#queue = queue
  }

  speaks(language: Language): boolean {
    return language in VOICES
  }

  async *synthesize({ text, language, signal }: TtsOptions): AsyncGenerator<Int16Array> {
    const requests = boundedParts(text, withoutSigns).map((part): EspeakRequest => ({
      voice: VOICES[language],
      text: part,
      sampleRate: SAMPLE_RATE,
    }))
    yield* this.#queue.speak(requests, signal)
  }

  close(): Promise<void> {
    return this.#queue.close()
  }
}

/** Control characters, and emoji, which espeak-ng would read out by name. */
function withoutSigns(text: string): string {
  return text.replace(/[\p{C}\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F]+/gu, ' ')
}
