// Several voices as one: each piece is spoken by the first that knows its language, at the rate of the first of all.
// Used by choose-engines.ts where more than one embedded voice is there. Knows no engine in particular.
import { atRate } from '#gpu-node/engines/chain/at-rate.ts'
import type { Tts } from '#gpu-node/engines/ports.ts'

/** `voices`: in the order in which they are asked. A single voice is returned as it is. */
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
      // A language that no voice has is refused by the first one, in its own words.
      return atRate(voice ?? first, options, first.sampleRate)
    },
    close: async () => {
      await Promise.all(voices.map((voice) => voice.close()))
    },
  }
}
