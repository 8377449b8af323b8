// Several voices as one: each piece is spoken by the first that knows its language, at the rate of the first of all.
// Used by choose-engines.ts where more than one embedded voice is there. Knows no engine in particular.
import { atRate } from '#gpu-node/engines/chain/at-rate.ts'
import type { Tts } from '#gpu-node/engines/ports.ts'

/** In the order in which they are asked. With a single voice, that voice. */
export function createFirstVoiceTts([first, ...others]: readonly [Tts, ...Tts[]]): Tts {
  if (others.length === 0) return first
  const voices = [first, ...others]
  return {
    engine: first.engine,
    sampleRate: first.sampleRate,
    script: voices.find(({ script }) => script)?.script,
    speaks: (language) => voices.some((voice) => voice.speaks(language)),
    synthesize: (options) => {
      const voice = voices.find((candidate) => candidate.speaks(options.language))
      // The first one refuses a language that none has, in its own words.
      return atRate(voice ?? first, options, first.sampleRate)
    },
    close: async () => {
      await Promise.all(voices.map((voice) => voice.close()))
    },
  }
}
