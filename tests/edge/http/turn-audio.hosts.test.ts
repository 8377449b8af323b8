// The sound of turns over HTTP, on a real edge of either host: heard by its owner, listed, and gone when it should be.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blobHashOf, type BlobHash } from '#shared/blob.ts'
import { newId, type ConversationId, type UserId } from '#shared/ids.ts'
import type { Conversation } from '#shared/model/conversation.ts'
import type { TurnAudio } from '#shared/model/turn-audio.ts'
import { turnRecord } from '#tests/fakes/turn-record.ts'
import { startTestEdge, type TestEdge } from './test-edge.ts'

const DAY_MS = 24 * 60 * 60_000

describe('sound of turns', () => {
  let edge: TestEdge
  let token: string
  let admin: string
  beforeAll(async () => {
    edge = await startTestEdge()
    token = (await edge.store.nodes.addNode({ name: 'audio', now: Date.now() })).token
    admin = (await edge.newKey(['admin'], { rateFactor: 100 })).key
  })
  afterAll(() => edge.close())

  const newUser = () => edge.newKey(['talk', 'history:read', 'history:write'], { rateFactor: 100 })
  const authorization = () => ({ authorization: `Bearer ${token}` })
  async function file(bytes = new Uint8Array(randomBytes(1_000))): Promise<{ hash: BlobHash; bytes: Uint8Array }> {
    const hash = await blobHashOf(bytes)
    await fetch(`${edge.url}/node/blobs/${hash}`, { method: 'PUT', body: bytes, headers: authorization() })
    return { hash, bytes }
  }
  const isThere = async (hash: string) =>
    (await fetch(`${edge.url}/node/blobs/${hash}`, { method: 'HEAD', headers: authorization() })).ok

  /** A conversation of one turn, in a session that was told to keep its sound for so long. */
  async function said(
    userId: UserId,
    audio: TurnAudio,
    { days = 7, startedAt = Date.now() } = {},
  ): Promise<ConversationId> {
    const sessionId = newId('session')
    const keepAudioDays = days as 0 | 7 | 30
    const opening = { sessionId, userId, conversationId: undefined, personaId: 'per_default', keepAudioDays } as const
    const { conversationId } = await edge.store.sessions.openSession({ ...opening, now: Date.now() })
    const record = turnRecord({ id: newId('turn'), startedAt, audio })
    await edge.store.turns.storeTurn({ sessionId, conversationId, record, now: Date.now() })
    await edge.store.sessions.ended({ sessionId, reason: 'caller', lastTurn: 0, now: Date.now() })
    return conversationId
  }
  const hear = (id: ConversationId, key: string, query = '', headers = {}) =>
    edge.request(`/api/conversations/${id}/turns/1/audio${query}`, { key, headers })

  it('[SND3] its owner hears what was said and what was answered, whole and in parts; nobody else does', async () => {
    const { key, userId } = await newUser()
    const [utterance, reply] = [await file(), await file()]
    const id = await said(userId, { utterance: utterance.hash, reply: reply.hash })
    const whole = await hear(id, key)
    expect([whole.status, whole.headers.get('content-type'), whole.headers.get('cache-control')]).toEqual([
      200,
      'audio/flac',
      'private, no-store',
    ])
    expect(new Uint8Array(await whole.arrayBuffer())).toEqual(utterance.bytes)
    const part = await hear(id, key, '?part=reply', { range: 'bytes=5-9' })
    expect(part.status).toBe(206)
    expect(new Uint8Array(await part.arrayBuffer())).toEqual(reply.bytes.slice(5, 10))
    const other = (await newUser()).key
    expect((await hear(id, other)).status).toBe(404)
    expect((await hear(id, (await edge.newKey(['talk'])).key)).status).toBe(403)
    expect((await hear(id, admin)).status).toBe(200)
    expect((await hear(id, key, '?part=whole')).status).toBe(400)
    const conversation = (await (await edge.request(`/api/conversations/${id}`, { key })).json()) as Conversation
    expect(conversation.turns[0]?.audio).toEqual({ utterance: utterance.hash, reply: reply.hash })
  })

  it('[SND2] [SND3] of a session that was not to keep it nothing is kept, whatever the node sends', async () => {
    const { key, userId } = await newUser()
    const id = await said(userId, { utterance: (await file()).hash }, { days: 0 })
    expect((await hear(id, key)).status).toBe(404)
    const half = await said(userId, { utterance: (await file()).hash })
    expect((await hear(half, key, '?part=reply')).status).toBe(404)
  })

  it('[SND2] the user’s choice goes before the persona’s, until he takes it back', async () => {
    const { key, userId } = await newUser()
    const persona = { name: 'Keeper', instructions: 'x', language: 'en', keepAudioDays: 30 }
    const made = await edge.request('/api/personas', { method: 'POST', key: admin, body: JSON.stringify(persona) })
    const { id: personaId } = (await made.json()) as { id: `per_${string}` }
    const choose = async (keepAudioDays: number | null) => {
      const answer = await edge.request('/api/me', { method: 'PATCH', key, body: JSON.stringify({ keepAudioDays }) })
      return answer.status
    }
    const days = () => edge.store.audio.keepDays({ userId, personaId })
    const chosen = async () => (await edge.request('/api/me', { key })).json()
    expect(await chosen()).toMatchObject({ userId, keepAudioDays: null })
    expect(await days()).toBe(30)
    expect([await choose(0), await days()]).toEqual([200, 0])
    expect([await choose(7), await days()]).toEqual([200, 7])
    expect(await chosen()).toMatchObject({ keepAudioDays: 7 })
    expect([await choose(null), await days()]).toEqual([200, 30])
    expect(await choose(8)).toBe(400)
    expect(await edge.store.audio.keepDays({ userId, personaId: 'per_default' })).toBe(0)
  })

  it('[SND4] conversations are listed by it', async () => {
    const { key, userId } = await newUser()
    const [sounding, silent] = [await said(userId, { reply: (await file()).hash }), await said(userId, {})]
    const list = async (query: string) => {
      const answer = await edge.request(`/api/conversations?${query}`, { key })
      return ((await answer.json()) as { conversations: Array<{ id: string }> }).conversations.map(({ id }) => id)
    }
    expect(await list('has-audio=true')).toEqual([sounding])
    expect(await list('has-audio=false')).toEqual([silent])
    expect(new Set(await list(''))).toEqual(new Set([sounding, silent]))
  })

  it('[SND5] it goes with its conversation and with its user, but not while another turn has the same', async () => {
    const [anna, ben] = [await newUser(), await newUser()]
    const [shared, own] = [await file(), await file()]
    const id = await said(anna.userId, { utterance: shared.hash, reply: own.hash })
    await said(ben.userId, { utterance: shared.hash })
    expect((await edge.request(`/api/conversations/${id}`, { method: 'DELETE', key: anna.key })).status).toBe(204)
    expect([await isThere(shared.hash), await isThere(own.hash)]).toEqual([true, false])
    expect((await edge.request('/api/me', { method: 'DELETE', key: ben.key })).status).toBe(204)
    expect(await isThere(shared.hash)).toBe(false)
  })

  it('[SND5] it goes when its time is over, and the words stay', async () => {
    const { key, userId } = await newUser()
    const [old, young] = [await file(), await file()]
    const over = await said(userId, { utterance: old.hash }, { startedAt: Date.now() - 7 * DAY_MS - 1 })
    const within = await said(userId, { utterance: young.hash }, { startedAt: Date.now() - 6 * DAY_MS })
    await edge.upkeep()
    await expect.poll(() => isThere(old.hash), { timeout: 10_000 }).toBe(false)
    expect([(await hear(over, key)).status, (await hear(within, key)).status]).toEqual([404, 200])
    expect((await edge.request(`/api/conversations/${over}`, { key })).status).toBe(200)
  })
})
