// What a session is opened with, of its start and its persona.
import { expect, it } from 'vitest'
import { openSession } from '#edge/session/session-opening.ts'
import type { Store } from '#edge/store/store.ts'
import type { SpeakingVoice } from '#shared/model/voice-profile.ts'
import { createMemoryStore } from '#tests/fakes/memory-store.ts'

const VOICE = { id: 'vpr_one', name: 'Mine' } as unknown as SpeakingVoice
const who = { sessionId: 'ses_one', userId: 'usr_one', limits: {}, now: 0 } as const

function open(start: object, { days = 0, voice }: { days?: number; voice?: SpeakingVoice | 'unready' } = {}) {
  const memory = createMemoryStore()
  const store = {
    sessions: memory.sessions,
    voices: { ...memory.voices, speakingVoice: async () => voice },
    audio: { ...memory.audio, keepDays: async () => days },
  } as Pick<Store, 'sessions' | 'voices' | 'audio'>
  return openSession(store, { type: 'session.start', ...start }, who)
}

it('[SES44] a voice of the caller’s own is spoken with when it is ready', async () => {
  const start = { voiceProfileId: 'vpr_one' }
  expect((await open(start, { voice: VOICE })).voiceProfile).toBe(VOICE)
  expect((await open({}, { voice: VOICE })).voiceProfile).toBeNull()
  await expect(open(start, { voice: 'unready' })).rejects.toMatchObject({
    fault: { code: 'conflict', kind: 'voice profile', expected: 'ready' },
  })
  await expect(open(start)).rejects.toMatchObject({ fault: { code: 'not_found', kind: 'voice profile' } })
})

it('[SES44] audio is kept only where days are set for it', async () => {
  expect((await open({})).keepAudio).toBe(false)
  expect((await open({}, { days: 1 })).keepAudio).toBe(true)
})

it('[SES44] what the start names comes before the persona’s', async () => {
  const plain = await open({})
  expect([plain.language, plain.ttsMode]).toEqual(['en', 'fast'])
  const named = await open({ language: 'zh', ttsMode: 'hq' })
  expect([named.language, named.ttsMode]).toEqual(['zh', 'hq'])
  await expect(open({ personaId: 'per_nobody' })).rejects.toMatchObject({
    fault: { code: 'not_found', kind: 'persona' },
  })
})
