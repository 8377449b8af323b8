// The part of a Store that keeps voices, of a house that has none.
import type { Store } from '#edge/store/store.ts'

export const noVoices: Pick<Store, 'audio' | 'voices' | 'jobs'> = {
  audio: {
    keepDays: async () => 0,
    chooseDays: async () => {},
    chosenDays: async () => null,
    turnAudio: async () => undefined,
    expireAudio: async () => [],
  },
  voices: {
    addVoice: async () => ({ outcome: 'tooMany' }),
    listVoices: async () => [],
    voice: async () => undefined,
    changeVoice: async () => false,
    removeVoice: async () => undefined,
    checkVoice: async () => false,
    settleVoice: async () => false,
    unnamed: async (hashes) => [...hashes],
    speakingVoice: async () => undefined,
    personaVoice: async () => undefined,
  },
  jobs: {
    takeJob: async () => undefined,
    jobDone: async () => false,
    jobFailed: async () => false,
  },
}
