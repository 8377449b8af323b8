// The contract of VoiceStore and JobStore, run against each database that can stand behind the Store.
import { describe, expect, it } from 'vitest'
import type { Job } from '#edge/store/job-store.ts'
import type { NewVoice } from '#edge/store/voice-store.ts'
import type { Store } from '#edge/store/store.ts'
import { JOB_PAUSES_MS } from '#edge/store/job-store.ts'
import type { BlobHash } from '#shared/blob.ts'
import type { UserId, VoiceProfileId } from '#shared/ids.ts'
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
const LEASE = { now: NOW, ms: 1_000 }

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
  const taken = async (store: Store, now = NOW): Promise<Job> => {
    const job = await store.jobs.takeJob('voice.prepare', { ...LEASE, now })
    if (!job) throw new Error('no job is due')
    return job
  }
  const ready = { state: 'ready', preparedSha256: hash('f'), referenceText: 'Hello.', quality: QUALITY } as const

  describe(`voices and jobs: ${name}`, () => {
    it('[JOB3] users take turns: a pile of one stands before no other', async () => {
      const { store, close } = await open()
      const [anna, ben] = [await newUser(store), await newUser(store)]
      const owners = new Map<string, string>()
      // One after the other: of jobs of the same moment any may be the first.
      for (const digit of [1, 2, 3]) owners.set(await add(store, voiceOf(anna, hash(digit)), NOW - 9 + digit), 'anna')
      for (const digit of [4, 5]) owners.set(await add(store, voiceOf(ben, hash(digit)), NOW - 9 + digit), 'ben')
      const served: (string | undefined)[] = []
      for (let turn = 1; turn <= 5; turn++) {
        const { subject } = await taken(store, NOW + turn)
        served.push(owners.get(subject))
        await store.voices.checkVoice(subject as VoiceProfileId, NOW + turn)
      }
      expect(served).toEqual(['anna', 'ben', 'anna', 'ben', 'anna'])
      await close()
    })

    it('[VOI4] the same recording of a user is one profile with one job; of another user it is his own', async () => {
      const { store, close } = await open()
      const [anna, ben] = [await newUser(store), await newUser(store)]
      const id = await add(store, voiceOf(anna, hash(1)))
      expect(await store.voices.addVoice(voiceOf(anna, hash(1)), NOW)).toEqual({ outcome: 'known', id })
      const other = await add(store, voiceOf(ben, hash(1)))
      expect(other).not.toBe(id)
      const subjects = [
        await store.jobs.takeJob('voice.prepare', LEASE),
        await store.jobs.takeJob('voice.prepare', LEASE),
      ]
      expect(new Set(subjects.map((job) => job?.subject))).toEqual(new Set([id, other]))
      expect(await store.jobs.takeJob('voice.prepare', LEASE)).toBeUndefined()
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
      expect(await voices.removeVoice(ben, id)).toBeUndefined()
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
      const job = await taken(store, NOW + LEASE.ms)
      expect(await voices.settleVoice(id, ready, { job: lost, now: NOW })).toBe(false)
      expect(await voices.speakingVoice({ userId, id })).toBe('unready')
      expect(await voices.voice(userId, id)).toMatchObject({ state: 'checking' })
      expect(await voices.settleVoice(id, ready, { job, now: NOW })).toBe(true)
      expect(await voices.settleVoice(id, ready, { job, now: NOW })).toBe(false)
      expect(await store.jobs.takeJob('voice.prepare', { ...LEASE, now: NOW * 2 })).toBeUndefined()
      expect(await voices.voice(userId, id)).toMatchObject({ ...ready, reason: null })
      expect(await voices.checkVoice(id, NOW)).toBe(false)
      const speaking = { id, preparedSha256: hash('f'), referenceText: 'Hello.' }
      expect(await voices.speakingVoice({ userId, id })).toEqual(speaking)
      expect(await voices.personaVoice(id)).toEqual(speaking)
      await close()
    })

    it('[VOI9] other words or another language begin anew, another name does not', async () => {
      const { store, close } = await open()
      const { voices, jobs } = store
      const userId = await newUser(store)
      const id = await add(store, voiceOf(userId, hash(1)))
      const first = await taken(store)
      await voices.checkVoice(id, NOW)
      expect(await voices.changeVoice(userId, id, { name: 'Anne' }, NOW)).toBe(true)
      expect(await voices.voice(userId, id)).toMatchObject({ name: 'Anne', state: 'checking' })
      expect(await voices.changeVoice(userId, id, { referenceText: 'Good day.' }, NOW)).toBe(true)
      expect(await voices.voice(userId, id)).toMatchObject({ state: 'uploaded', referenceText: 'Good day.' })
      expect(await voices.settleVoice(id, ready, { job: first, now: NOW })).toBe(false)
      expect(await jobs.jobDone(first)).toBe(false)
      expect(await jobs.takeJob('voice.prepare', LEASE)).toMatchObject({ subject: id, attempt: 1 })
      expect(await voices.changeVoice(userId, id, { referenceText: 'Good day.' }, NOW)).toBe(true)
      expect(await jobs.takeJob('voice.prepare', LEASE)).toBeUndefined()
      await close()
    })

    it('[VOI6] [PER9] a deleted profile frees its files, its job and its persona', async () => {
      const { store, close } = await open()
      const { voices, jobs, personas } = store
      const [anna, ben] = [await newUser(store), await newUser(store)]
      const id = await add(store, voiceOf(anna, hash(1)))
      const job = await taken(store)
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
      await voices.settleVoice(id, ready, { job, now: NOW })
      expect((await voices.removeVoice(anna, id))?.toSorted()).toEqual([hash(1), hash('f')].toSorted())
      expect(await voices.unnamed([hash(1), hash('f')])).toEqual([hash('f')])
      expect(await voices.voice(anna, id)).toBeUndefined()
      expect(await personas.persona(personaId)).toMatchObject({ voiceProfileId: null })
      expect(await jobs.takeJob('voice.prepare', LEASE)).toMatchObject({ attempt: 1 })
      expect(await jobs.takeJob('voice.prepare', LEASE)).toBeUndefined()
      const [bens] = await voices.listVoices(ben, { limit: 1 })
      await personas.changePersona(personaId, { voiceProfileId: bens?.id ?? null })
      expect(await store.edits.deleteUser(ben, { now: NOW })).toEqual([hash(1)])
      expect(await personas.persona(personaId)).toMatchObject({ voiceProfileId: null })
      expect(await voices.unnamed([hash(1)])).toEqual([hash(1)])
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

    it('[JOB1] a job is one holder’s until its lease ends; who lost it cannot end it', async () => {
      const { store, close } = await open()
      const { jobs } = store
      await add(store, voiceOf(await newUser(store), hash(1)))
      const first = await jobs.takeJob('voice.prepare', LEASE)
      expect(await jobs.takeJob('voice.prepare', { ...LEASE, now: NOW + 999 })).toBeUndefined()
      const second = await jobs.takeJob('voice.prepare', { ...LEASE, now: NOW + 1_000 })
      expect([first?.attempt, second?.attempt]).toEqual([1, 2])
      expect(first && (await jobs.jobDone(first))).toBe(false)
      expect(first && (await jobs.jobFailed(first, NOW))).toBe(false)
      expect(second && (await jobs.jobDone(second))).toBe(true)
      expect(await jobs.takeJob('voice.prepare', { ...LEASE, now: NOW + 9_999_999 })).toBeUndefined()
      await close()
    })

    it('[JOB2] each failure is followed by its pause, the last of them by all that follow', async () => {
      const { store, close } = await open()
      const { jobs } = store
      await add(store, voiceOf(await newUser(store), hash(1)))
      let now = NOW
      for (const pauseMs of [...JOB_PAUSES_MS, JOB_PAUSES_MS[3]]) {
        const job = await jobs.takeJob('voice.prepare', { now, ms: 1_000 })
        expect(job && (await jobs.jobFailed(job, now))).toBe(true)
        expect(await jobs.takeJob('voice.prepare', { now: now + pauseMs - 1, ms: 1 })).toBeUndefined()
        now += pauseMs
      }
      expect(await jobs.takeJob('voice.prepare', { now, ms: 1_000 })).toMatchObject({ attempt: 6 })
      await close()
    })
  })
}
