// The contract of VoiceStore, with the tasks that it plans, run against each database that can stand behind the Store.
import { describe, expect, it } from 'vitest'
import type { NewVoice } from '#edge/store/voice-store.ts'
import type { Store } from '#edge/store/store.ts'
import type { TakenTask } from '#shared/tasks/task.ts'
import type { BlobHash } from '#shared/blob.ts'
import type { UserId } from '#shared/ids.ts'
import { MAX_VOICES, type VoiceQuality } from '#shared/model/voice-profile.ts'
import type { OpenStore } from './store.contract.ts'

const NOW = Date.UTC(2026, 10, 1)
export const QUALITY: VoiceQuality = {
  inputMs: 6_000,
  speechMs: 5_000,
  peakDbfs: -3,
  loudnessLufs: -20,
  noiseFloorDbfs: -60,
  clippedShare: 0,
  warnings: [],
}
const hash = (digit: string | number): BlobHash => String(digit).padStart(64, '0') as BlobHash
const HOLD_MS = 1_000

export function voicesContract(name: string, open: () => Promise<OpenStore>): void {
  const newUser = async (store: Store): Promise<UserId> => {
    const { keyId } = await store.keys.createKey({ name: 'test', scopes: ['voices'], now: NOW })
    return (await store.keys.callerById(keyId, NOW))?.userId ?? 'usr_none'
  }
  const voiceOf = (userId: UserId, sha256: BlobHash): NewVoice => ({
    userId,
    sha256,
    name: 'Anna',
    language: 'en',
    referenceText: null,
    consent: 'Anna agrees.',
    mediaType: 'audio/wav',
    bytes: 2_000,
  })
  const add = async (store: Store, voice: NewVoice, now = NOW) => {
    const added = await store.voices.addVoice(voice, now)
    if (added.outcome === 'tooMany') throw new Error('no room')
    return added.id
  }
  const next = async (store: Store, now = NOW): Promise<TakenTask | undefined> => {
    const wanted = { queue: 'voices', limit: 1, atOnce: 99, atOnceOfUser: 99 }
    return (await store.tasks.take([wanted], { now, until: now + HOLD_MS })).tasks[0]
  }
  const taken = async (store: Store, now = NOW): Promise<TakenTask> => {
    const task = await next(store, now)
    if (!task) throw new Error('no task is due')
    return task
  }
  const ready = { state: 'ready', preparedSha256: hash('f'), referenceText: 'Hello.', quality: QUALITY } as const

  describe(`voices: ${name}`, () => {
    it('[VOI4] the same recording of a user is one profile with one task; of another user it is his own', async () => {
      const { store, close } = await open()
      const [anna, ben] = [await newUser(store), await newUser(store)]
      const id = await add(store, voiceOf(anna, hash(1)))
      expect(await store.voices.addVoice(voiceOf(anna, hash(1)), NOW)).toEqual({ outcome: 'known', id })
      const other = await add(store, voiceOf(ben, hash(1)))
      expect(other).not.toBe(id)
      const ids = [await taken(store), await taken(store)].map(({ payload }) => (payload as { id: string }).id)
      expect(new Set(ids)).toEqual(new Set([id, other]))
      expect(await next(store)).toBeUndefined()
      await close()
    })

    it('[VOI5] a profile is its owner’s and the operator’s', async () => {
      const { store, close } = await open()
      const { voices } = store
      const [anna, ben] = [await newUser(store), await newUser(store)]
      const id = await add(store, voiceOf(anna, hash(1)))
      const second = await add(store, voiceOf(anna, hash(2)))
      expect(await voices.voice(ben, id)).toBeUndefined()
      expect(await voices.changeVoice(ben, id, { name: 'Mine', language: 'zh' }, NOW)).toBe(false)
      expect(await voices.removeVoice(ben, id, NOW)).toBeUndefined()
      expect(await voices.speakingVoice({ userId: ben, id })).toBeUndefined()
      expect(await voices.listVoices(ben, { limit: 10 })).toEqual([])
      expect(await voices.voice('everybody', id)).toMatchObject({ name: 'Anna', language: 'en', state: 'uploaded' })
      expect((await voices.listVoices(anna, { limit: 1 })).map((voice) => voice.id)).toEqual([
        [id, second].toSorted().at(-1),
      ])
      const [last] = await voices.listVoices(anna, { limit: 1 })
      expect(await voices.listVoices(anna, { limit: 5, before: last?.id })).toHaveLength(1)
      await close()
    })

    it('[VOI7] what a node found is kept once, and only of a profile that it was to check', async () => {
      const { store, close } = await open()
      const { voices } = store
      const userId = await newUser(store)
      const id = await add(store, voiceOf(userId, hash(1)))
      const lost = await taken(store)
      expect(await voices.checkVoice(id, NOW)).toBe(true)
      const attempt = await taken(store, NOW + HOLD_MS)
      expect(await voices.settleVoice(id, ready, { attempt: lost, now: NOW })).toBe(false)
      expect(await voices.speakingVoice({ userId, id })).toBe('unready')
      expect(await voices.voice(userId, id)).toMatchObject({ state: 'checking' })
      expect(await voices.settleVoice(id, ready, { attempt, now: NOW })).toBe(true)
      expect(await voices.settleVoice(id, ready, { attempt, now: NOW })).toBe(false)
      expect(await voices.voice(userId, id)).toMatchObject({ ...ready, reason: null })
      expect(await voices.checkVoice(id, NOW)).toBe(false)
      const speaking = { id, preparedSha256: hash('f'), referenceText: 'Hello.' }
      expect(await voices.speakingVoice({ userId, id })).toEqual(speaking)
      expect(await voices.personaVoice(id)).toEqual(speaking)
      await close()
    })

    it('[VOI9] other words or another language begin anew, another name does not', async () => {
      const { store, close } = await open()
      const { voices } = store
      const userId = await newUser(store)
      const id = await add(store, voiceOf(userId, hash(1)))
      const first = await taken(store)
      await voices.checkVoice(id, NOW)
      expect(await voices.changeVoice(userId, id, { name: 'Anne' }, NOW)).toBe(true)
      expect(await voices.voice(userId, id)).toMatchObject({ name: 'Anne', state: 'checking' })
      expect(await voices.changeVoice(userId, id, { referenceText: 'Good day.' }, NOW)).toBe(true)
      expect(await voices.voice(userId, id)).toMatchObject({ state: 'uploaded', referenceText: 'Good day.' })
      expect(await voices.settleVoice(id, ready, { attempt: first, now: NOW })).toBe(false)
      expect(await store.tasks.task('everybody', first.id)).toMatchObject({ state: 'cancelled' })
      expect(await taken(store)).toMatchObject({ payload: { id }, attempt: 1 })
      expect(await voices.changeVoice(userId, id, { referenceText: 'Good day.' }, NOW)).toBe(true)
      expect(await next(store)).toBeUndefined()
      await close()
    })

    it('[VOI6] [PER9] a deleted profile frees its files, its task and its persona', async () => {
      const { store, close } = await open()
      const { voices, personas } = store
      const [anna, ben] = [await newUser(store), await newUser(store)]
      const id = await add(store, voiceOf(anna, hash(1)))
      const attempt = await taken(store)
      await add(store, voiceOf(ben, hash(1)))
      const persona = {
        name: 'P',
        instructions: '',
        language: 'en',
        voice: null,
        script: null,
        ttsMode: 'fast',
        keepAudioDays: 0,
      } as const
      const personaId = await personas.addPersona({ ...persona, voiceProfileId: id }, NOW)
      await voices.checkVoice(id, NOW)
      await voices.settleVoice(id, ready, { attempt, now: NOW })
      expect((await voices.removeVoice(anna, id, NOW))?.toSorted()).toEqual([hash(1), hash('f')].toSorted())
      expect(await voices.unnamed([hash(1), hash('f')])).toEqual([hash('f')])
      expect(await voices.voice(anna, id)).toBeUndefined()
      expect(await personas.persona(personaId)).toMatchObject({ voiceProfileId: null })
      expect(await next(store)).toMatchObject({ attempt: 1 })
      expect(await next(store)).toBeUndefined()
      const [bens] = await voices.listVoices(ben, { limit: 1 })
      await personas.changePersona(personaId, { voiceProfileId: bens?.id ?? null })
      expect(await store.edits.leave(ben, { now: NOW })).toEqual([hash(1)])
      expect(await personas.persona(personaId)).toMatchObject({ voiceProfileId: null })
      expect(await voices.unnamed([hash(1)])).toEqual([hash(1)])
      await close()
    })

    it('[VOI7] a voice that waits and has no task is given one, once', async () => {
      const { store, close } = await open()
      const id = await add(store, voiceOf(await newUser(store), hash(1)))
      expect(await store.voices.planForgotten(NOW, 9)).toBe(0)
      const { id: taskId } = await taken(store)
      await store.tasks.cancelTask('everybody', taskId, NOW)
      // Nobody hears of it, and the hold ends.
      expect(await next(store, NOW + HOLD_MS)).toBeUndefined()
      expect(await store.voices.planForgotten(NOW, 9)).toBe(1)
      expect(await store.voices.planForgotten(NOW, 9)).toBe(0)
      expect(await taken(store)).toMatchObject({ name: 'voice.prepare', payload: { id } })
      await close()
    })

    it('[VOI10] one voice too many is not added', async () => {
      const { store, close } = await open()
      const userId = await newUser(store)
      for (let i = 0; i < MAX_VOICES; i++) await add(store, voiceOf(userId, hash(i)))
      expect(await store.voices.addVoice(voiceOf(userId, hash(MAX_VOICES)), NOW)).toEqual({ outcome: 'tooMany' })
      expect(await store.voices.addVoice(voiceOf(userId, hash(0)), NOW)).toMatchObject({ outcome: 'known' })
      await close()
    })
  })
}
