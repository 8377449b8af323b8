// The part of a Store that keeps voices and tasks, of a house that has none.
import type { Store } from '#edge/store/store.ts'

export const noVoices: Pick<Store, 'audio' | 'voices' | 'tasks'> = {
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
    planForgotten: async () => 0,
    unnamed: async (hashes) => [...hashes],
    speakingVoice: async () => undefined,
    personaVoice: async () => undefined,
  },
  tasks: {
    take: async () => ({ tasks: [], nextAt: undefined }),
    renew: async () => ({ held: [], cancelled: [] }),
    settle: async () => false,
    plan: async () => undefined,
    addTask: async () => undefined,
    listTasks: async () => [],
    task: async () => undefined,
    changedSince: async () => [],
    cancelTask: async () => false,
    retryTask: async () => false,
    pauseQueue: async () => {},
    resumeQueue: async () => {},
    taskStats: async () => ({ queues: [], paused: [], waitedMs: 0, schedules: [] }),
    sweepTasks: async () => 0,
  },
}
