// Personas as their operator keeps them and callers see them, on a real edge.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_SAFETY_POLICY } from '#shared/model/safety-policy.ts'
import { faultIn, startTestEdge, type TestEdge } from './test-edge.ts'

describe('personas', () => {
  let edge: TestEdge
  let admin: string
  beforeAll(async () => {
    edge = await startTestEdge()
    admin = (await edge.newKey(['admin'], { rateFactor: 100 })).key
  })
  afterAll(() => edge.close())

  const send = (path: string, method: string, body?: unknown, key = admin) =>
    edge.request(path, { method, key, ...(body !== undefined && { body: JSON.stringify(body) }) })
  const teacher = { name: 'Teacher', instructions: 'Explain slowly.', language: 'en' }

  it('[PER1] three good ones are there from the start, in English and in both scripts of Chinese', async () => {
    const { personas } = (await (await send('/api/personas', 'GET')).json()) as { personas: Array<{ id: string }> }
    expect(personas.map(({ id }) => id).toSorted()).toEqual(['per_default', 'per_mainland', 'per_taiwan'])
    expect(await (await send('/api/personas/per_taiwan', 'GET')).json()).toMatchObject({
      script: 'hant',
      language: 'zh',
    })
  })

  it('[PER2] an operator makes, reads, changes and removes one; sessions begin as it says', async () => {
    const made = await send('/api/personas', 'POST', { ...teacher, ttsMode: 'hq' })
    expect(made.status).toBe(201)
    const { id } = (await made.json()) as { id: `per_${string}` }
    expect(await (await send(`/api/personas/${id}`, 'GET')).json()).toEqual({
      ...teacher,
      id,
      script: null,
      voice: null,
      ttsMode: 'hq',
      voiceProfileId: null,
      keepAudioDays: 0,
      limits: {},
      engines: {},
      safety: DEFAULT_SAFETY_POLICY,
    })
    expect((await send(`/api/personas/${id}`, 'PATCH', { language: 'zh', script: 'hans' })).status).toBe(204)
    expect(await edge.store.sessions.persona(id)).toMatchObject({ language: 'zh', script: 'hans', ttsMode: 'hq' })
    expect((await send(`/api/personas/${id}`, 'DELETE')).status).toBe(204)
    expect((await send(`/api/personas/${id}`, 'GET')).status).toBe(404)
    expect((await send(`/api/personas/${id}`, 'PATCH', { name: 'x' })).status).toBe(404)
    expect((await send(`/api/personas/${id}`, 'DELETE')).status).toBe(404)
  })

  it('[PER6] an operator gives one limits and engines of its own, and takes them away', async () => {
    const limits = { maxSessionMs: 600_000, maxReplyTokens: 60 }
    const engines = { llm: 'qwen@3', tts: 'f5' }
    const made = await send('/api/personas', 'POST', { ...teacher, limits, engines })
    const { id } = (await made.json()) as { id: `per_${string}` }
    expect(await (await send(`/api/personas/${id}`, 'GET')).json()).toMatchObject({ limits, engines })
    expect(await edge.store.sessions.persona(id)).toMatchObject({ limits, engines })
    expect((await send(`/api/personas/${id}`, 'PATCH', { limits: { maxReplyTokens: 30 }, engines: {} })).status).toBe(
      204,
    )
    expect(await (await send(`/api/personas/${id}`, 'GET')).json()).toMatchObject({
      limits: { maxReplyTokens: 30 },
      engines: {},
    })
  })

  it('[SAF22] a persona has a safety policy: the usual one, or what its operator says; null brings the usual one back', async () => {
    const safety = { input: 'flag', allowUrls: false, output: { email: 'end' } }
    const { id } = (await (await send('/api/personas', 'POST', { ...teacher, safety })).json()) as { id: string }
    const policy = async () => ((await (await send(`/api/personas/${id}`, 'GET')).json()) as { safety: object }).safety
    const full = { ...safety, output: { ...DEFAULT_SAFETY_POLICY.output, email: 'end' } }
    expect(await policy()).toEqual(full)
    expect(await edge.store.sessions.persona(id as `per_${string}`)).toMatchObject({ safety: full })
    expect((await send(`/api/personas/${id}`, 'PATCH', { safety: { input: 'perhaps' } })).status).toBe(400)
    expect((await send(`/api/personas/${id}`, 'PATCH', { safety: null })).status).toBe(204)
    expect(await policy()).toEqual(DEFAULT_SAFETY_POLICY)
  })

  it('[PER3] the default one and one with conversations stay', async () => {
    expect((await send('/api/personas/per_default', 'DELETE')).status).toBe(409)
    const { id } = (await (await send('/api/personas', 'POST', teacher)).json()) as { id: `per_${string}` }
    const { userId } = await edge.newKey()
    const opening = { sessionId: 'ses_with_teacher', userId, conversationId: undefined, personaId: id } as const
    await edge.store.sessions.openSession({ ...opening, now: Date.now() })
    const answer = await send(`/api/personas/${id}`, 'DELETE')
    expect(await faultIn(answer)).toMatchObject({ code: 'conflict', kind: 'persona', id })
  })

  it('[PER4] whoever is no operator sees names, and no instructions', async () => {
    const { key } = await edge.newKey(['talk', 'history:read', 'history:write', 'voices'])
    expect(await (await send('/api/personas', 'GET', undefined, key)).text()).not.toContain('instructions')
    expect((await send('/api/personas/per_default', 'GET', undefined, key)).status).toBe(403)
    expect((await send('/api/personas', 'POST', teacher, key)).status).toBe(403)
    expect((await send('/api/personas/per_default', 'PATCH', { name: 'x' }, key)).status).toBe(403)
    expect((await send('/api/personas/per_default', 'DELETE', undefined, key)).status).toBe(403)
  })

  it.each([
    [{ ...teacher, name: '' }, 'name'],
    [{ ...teacher, name: 'x'.repeat(65) }, 'name'],
    [{ ...teacher, instructions: 'x'.repeat(8_001) }, 'instructions'],
    [{ ...teacher, language: 'fr' }, 'language'],
    [{ ...teacher, mood: 'good' }, 'mood'],
    [{ ...teacher, limits: { maxSessionMs: 59_999 } }, 'limits.maxSessionMs'],
    [{ ...teacher, limits: { maxReplyTokens: 401 } }, 'limits.maxReplyTokens'],
    [{ ...teacher, limits: { maxTurns: 1 } }, 'limits.maxTurns'],
    [{ ...teacher, engines: { llm: '' } }, 'engines.llm'],
    [{ ...teacher, engines: { vad: 'silero' } }, 'engines.vad'],
  ])('[PER5] %j is refused by the name %s', async (body, field) => {
    const answer = await send('/api/personas', 'POST', body)
    expect([400, 413]).toContain(answer.status)
    expect(await answer.json()).toMatchObject({ field })
  })

  it('[PER10] instructions that would fill the prompt are refused with their tokens, in every script', async () => {
    const limit = { limit: 'instructions', max: 2_000, got: 2_001, unit: 'tokens' }
    for (const instructions of ['话'.repeat(2_001), '话'.repeat(1_001) + 'a'.repeat(4_000)]) {
      const answer = await send('/api/personas', 'POST', { ...teacher, instructions })
      expect([answer.status, await faultIn(answer)]).toEqual([413, expect.objectContaining(limit)])
    }
    const made = await send('/api/personas', 'POST', { ...teacher, instructions: '话'.repeat(2_000) })
    expect(made.status).toBe(201)
    const { id } = (await made.json()) as { id: string }
    const changed = await send(`/api/personas/${id}`, 'PATCH', { instructions: '话'.repeat(2_001) })
    expect(changed.status).toBe(413)
  })
})
