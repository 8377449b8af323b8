// A voice that remembers what it said: the same piece again comes from the disk, without an engine. Wraps any Tts, here the chain of
// all voices, so that a hit waits in no queue and needs nothing that may be lost. Keeps whole pieces of the wanted engine only.
import { concatPcm } from '#shared/audio/pcm.ts'
import { resamplePcm } from '#shared/audio/resample.ts'
import { engineId } from '#shared/model/engine.ts'
import type { Tts, TtsOptions } from '#gpu-node/engines/ports.ts'
import { keyOf, voiceHashOf } from './cache-key.ts'
import type { Place, SpeechCache } from './speech-cache.ts'

/** As engines give it out: a reply must be able to stop in the middle of a piece. */
const FRAME_MS = 100

export function createCachedTts(tts: Tts, cache: SpeechCache): Tts {
  return {
    engine: tts.engine,
    sampleRate: tts.sampleRate,
    canClone: tts.canClone,
    script: tts.script,
    voiceId: (voice, mode) => tts.voiceId?.(voice, mode) ?? voice ?? '',
    engineFor: (mode) => tts.engineFor?.(mode) ?? tts.engine,
    prepare: (mode) => tts.prepare?.(mode),
    preferring: (wish) => {
      const wished = tts.preferring?.(wish)
      return wished && createCachedTts(wished, cache)
    },
    speaks: (language) => tts.speaks(language),
    // A caller's own voice without a hash is for his session only.
    synthesize: (request) =>
      (request.reference && request.reference.hash === undefined) || request.isFresh
        ? tts.synthesize(request)
        : speak(tts, cache, request),
    close: () => tts.close(),
  }
}

async function* speak(tts: Tts, cache: SpeechCache, request: TtsOptions): AsyncGenerator<Int16Array> {
  const { signal } = request
  signal.throwIfAborted()
  const place = placeOf(tts, request)
  const cached = await cache.read(place)
  signal.throwIfAborted()
  if (!cached) return yield* speakAndKeep(tts, cache, { request, place })
  const pcm = resamplePcm(cached.pcm, cached.sampleRate, tts.sampleRate)
  const frame = (tts.sampleRate * FRAME_MS) / 1000
  for (let at = 0; at < pcm.length; at += frame) {
    signal.throwIfAborted()
    yield pcm.slice(at, at + frame)
  }
}

async function* speakAndKeep(
  tts: Tts,
  cache: SpeechCache,
  { request, place }: { request: TtsOptions; place: Place },
): AsyncGenerator<Int16Array> {
  const parts: Int16Array[] = []
  /** Whole, and by the engine that the key names. */
  let isWanted = true
  const onFallback: TtsOptions['onFallback'] = (fallback) => {
    isWanted = false
    request.onFallback?.(fallback)
  }
  const onBroken = (): void => {
    isWanted = false
    request.onBroken?.()
  }
  for await (const pcm of tts.synthesize({ ...request, onFallback, onBroken })) {
    parts.push(pcm.slice())
    yield pcm
  }
  const pcm = concatPcm(parts)
  // Not awaited: a slow disk must not hold the reply.
  if (isWanted && pcm.length > 0) void cache.keep(place, { pcm, sampleRate: tts.sampleRate })
}

function placeOf(tts: Tts, { text, language, voice, reference, mode = 'fast' }: TtsOptions): Place {
  const voiceHash = reference?.hash ?? voiceHashOf(tts.voiceId?.(voice, mode) ?? voice)
  const engine = engineId(tts.engineFor?.(mode) ?? tts.engine)
  return { voiceHash, key: keyOf({ voiceHash, engine, mode, language, text }) }
}
