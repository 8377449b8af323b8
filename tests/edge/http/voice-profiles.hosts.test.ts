// Voices as their owners keep them, and as a scripted node prepares them, on a real edge of either host.
import { describe, expect, it } from 'vitest'
import { readWav } from '#shared/audio/wav.ts'
import { blobHashOf } from '#shared/blob.ts'
import { FaultError } from '#shared/fault.ts'
import type { VoiceProfile } from '#shared/model/voice-profile.ts'
import { QUALITY } from '#tests/edge/store/voices.contract.ts'
import { form, recording, useVoices } from './voice-world.ts'

describe('owning voices', () => {
  const { edge, key, upload, uploaded, get, read, send } = useVoices()

  it('[VOI5] another user’s voice is not there, by any way; without the scope none is', async () => {
    const id = await uploaded()
    const other = (await edge().newKey(['voices', 'talk', 'history:read'], { rateFactor: 100 })).key
    const answers = await Promise.all([
      get(`/${id}`, other),
      get(`/${id}/audio`, other),
      get(`/${id}/audio?part=prepared`, other),
      send(`/${id}`, 'PATCH', { name: 'Mine' }, other),
      send(`/${id}`, 'DELETE', undefined, other),
      send(`/${id}/preview`, 'POST', { text: 'Hello.' }, other),
      edge().request(`/api/voice-profile/${id}`, { key: other }),
    ])
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 7 }, () => 404))
    expect(((await (await get('', other)).json()) as { voiceProfiles: [] }).voiceProfiles).toEqual([])
    const talker = (await edge().newKey(['talk', 'history:read'])).key
    expect((await get('', talker)).status).toBe(403)
    expect((await upload(form(recording()), talker)).status).toBe(403)
    expect((await edge().request('/api/voice-profiles')).status).toBe(401)
    expect((await read(id)).name).toBe('Anna')
    const admin = (await edge().newKey(['admin'])).key
    expect((await get(`/${id}`, admin)).status).toBe(200)
  })

  it('[VOI5] lists page by page, the newest first, and changes a name', async () => {
    const own = (await edge().newKey(['voices'], { rateFactor: 100 })).key
    const ids = [await uploaded({}, own), await uploaded({}, own), await uploaded({}, own)].toSorted().toReversed()
    const page = async (query: string) =>
      (await (await get(query, own)).json()) as { voiceProfiles: VoiceProfile[]; nextCursor: string | null }
    const first = await page('?limit=2')
    const second = await page(`?limit=2&cursor=${first.nextCursor}`)
    expect([...first.voiceProfiles, ...second.voiceProfiles].map(({ id }) => id)).toEqual(ids)
    expect(second.nextCursor).toBeNull()
    expect((await send(`/${ids[0]}`, 'PATCH', { name: 'Anne' }, own)).status).toBe(204)
    expect((await send(`/${ids[0]}`, 'PATCH', {}, own)).status).toBe(400)
    expect(await (await get(`/${ids[0]}`, own)).json()).toMatchObject({ name: 'Anne', state: 'uploaded' })
  })

  it.each(['voi_..%2f..%2fedge.db', 'voi_', '..%2f..', 'voi_none', '%00'])(
    '[VOI5] an id that is none is not found: %s',
    async (id) => {
      for (const path of [`/${id}`, `/${id}/audio`]) expect((await get(path)).status).toBe(404)
    },
  )

  it('[VOI5] gives parts of a recording', async () => {
    const file = recording()
    const id = await uploaded({}, key(), file)
    const part = await get(`/${id}/audio`, key(), { range: 'bytes=10-19' })
    expect(part.status).toBe(206)
    expect(new Uint8Array(await part.arrayBuffer())).toEqual(file.slice(10, 20))
  })
})

describe('preparing voices', () => {
  const { edge, key, uploaded, get, read, send, untilReady, join, joinPreparing } = useVoices()

  it('[VOI7] an upload waits for a node, is prepared when one is there, and whoever waits is told', async () => {
    const id = await uploaded()
    expect((await read(id)).state).toBe('uploaded')
    const { asked } = await joinPreparing()
    const ready = await read(id, '?waitMs=10000')
    expect(ready).toMatchObject({ state: 'ready', referenceText: 'Heard.', quality: QUALITY })
    expect(asked.find(({ profileId }) => profileId === id)).toMatchObject({ language: 'en', referenceText: null })
    const prepared = await get(`/${id}/audio?part=prepared`)
    expect(readWav(new Uint8Array(await prepared.arrayBuffer())).sampleRate).toBe(24_000)
  })

  it('[VOI15] a node that joins prepares what waits', async () => {
    const id = await uploaded()
    const { asked } = await joinPreparing()
    await expect.poll(() => asked.some(({ profileId }) => profileId === id), { timeout: 10_000 }).toBe(true)
  })

  it('[VOI9] other words are prepared anew', async () => {
    const { asked } = await joinPreparing()
    const id = await uploaded({ referenceText: 'Good day.' })
    expect(await read(id, '?waitMs=10000')).toMatchObject({ state: 'ready', referenceText: 'Good day.' })
    expect((await send(`/${id}`, 'PATCH', { referenceText: 'Good evening.' })).status).toBe(204)
    expect(await read(id, '?waitMs=10000')).toMatchObject({ state: 'ready', referenceText: 'Good evening.' })
    const texts = asked.filter(({ profileId }) => profileId === id).map(({ referenceText }) => referenceText)
    expect(texts).toEqual(['Good day.', 'Good evening.'])
  })

  it('[VOI7] a recording of no use is rejected with the reason', async () => {
    await join({ 'voice.prepare': () => ({ outcome: 'rejected', reason: 'noisy', quality: QUALITY }) })
    const id = await uploaded()
    expect(await read(id, '?waitMs=10000')).toMatchObject({ state: 'rejected', reason: 'noisy', quality: QUALITY })
  })

  it('[VOI8] what is transient leaves it to be tried again', async () => {
    let tries = 0
    await join({
      'voice.prepare': () => {
        tries++
        return new FaultError({ code: 'unavailable', what: 'stt', retryAfterMs: 1 })
      },
    })
    const id = await uploaded()
    await expect.poll(() => tries, { timeout: 10_000 }).toBeGreaterThan(0)
    expect((await read(id)).state).toBe('checking')
  })

  it('[VOI6] [VOI13] a deleted voice leaves no file, and its node is told', async () => {
    const { node, put, has } = await joinPreparing()
    const file = recording()
    const id = await uploaded({}, key(), file)
    await untilReady(id)
    const sha256 = await blobHashOf(file)
    expect(await has(sha256)).toBe(true)
    expect((await send(`/${id}`, 'DELETE')).status).toBe(204)
    expect(await has(sha256)).toBe(false)
    expect((await get(`/${id}`)).status).toBe(404)
    expect(await node.told.next('request')).toMatchObject({ method: 'voice.prepare' })
    const forgets = [await node.told.next('request'), await node.told.next('request')]
    expect(forgets).toMatchObject([{ method: 'voice.forget' }, { method: 'voice.forget' }])
    await put(recording())
  })

  it('[VOI6] an account that ends takes its voices along', async () => {
    const { has } = await joinPreparing()
    const own = (await edge().newKey(['voices', 'history:write'])).key
    const file = recording()
    await uploaded({}, own, file)
    expect((await edge().request('/api/me', { method: 'DELETE', key: own })).status).toBe(204)
    expect(await has(await blobHashOf(file))).toBe(false)
  })
})
