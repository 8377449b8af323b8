// A voice that clones in name only: it takes the reference that it is given, and speaks with its own.
import type { Tts, TtsOptions } from '#gpu-node/engines/ports.ts'

/** `onAsked`: with everything, the reference among it. */
export function cloningTts(tts: Tts, onAsked: (request: TtsOptions) => void = () => {}): Tts {
  return {
    engine: tts.engine,
    sampleRate: tts.sampleRate,
    canClone: true,
    speaks: (language) => tts.speaks(language),
    synthesize: (request) => {
      onAsked(request)
      const { reference: _, ...rest } = request
      return tts.synthesize(rest)
    },
    close: () => tts.close(),
  }
}
