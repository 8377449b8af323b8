// What was said, over HTTP: search, statistics, corrections, feedback, export, deletion, on a real edge of either host.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DayStats } from '#edge/store/stats.ts'
import type { TurnHit } from '#edge/store/turn-search.ts'
import type { Conversation } from '#shared/model/conversation.ts'
import { turnRecord } from '#tests/fakes/turn-record.ts'
import { faultIn, startTestEdge, type TestEdge } from './test-edge.ts'

const SCOPES = ['talk', 'history:read', 'history:write'] as const

describe('what was said', () => {
  let edge: TestEdge
  beforeAll(async () => {
    edge = await startTestEdge()
  })
  afterAll(() => edge.close())

  const newUser = () => edge.newKey([...SCOPES], { rateFactor: 100 })
  const said = (userId: `usr_${string}`) =>
    edge.conversation(userId, [
      turnRecord({ utteranceText: '今天天氣怎麼樣？', replyText: '下雨。', heardText: '下雨。', startedAt: 1_000 }),
      turnRecord({ turn: 2, utteranceText: '# tell me *more*', heardText: 'It --> rains\n\nhard.', startedAt: 9_000 }),
    ])
  const send = (path: string, method: string, key: string, body?: unknown) =>
    edge.request(path, { method, key, ...(body !== undefined && { body: JSON.stringify(body) }) })

  it('[HIS15] search and statistics answer for the key’s user only', async () => {
    const [anna, ben] = [await newUser(), await newUser()]
    const { conversationId } = await said(anna.userId)
    const hits = async (key: string) =>
      ((await (await edge.request('/api/conversations/search?q=天气', { key })).json()) as { hits: TurnHit[] }).hits
    expect(await hits(anna.key)).toMatchObject([{ conversationId, turn: 1, part: 'utterance', hits: [[2, 4]] }])
    expect(await hits(ben.key)).toEqual([])
    const stats = async (key: string) =>
      (await (await edge.request('/api/conversations/stats?from=1970-01-01&to=1970-01-02', { key })).json()) as {
        days: DayStats[]
      }
    expect((await stats(anna.key)).days).toMatchObject([{ day: '1970-01-01', turns: 2 }])
    expect((await stats(ben.key)).days).toEqual([])
  })

  it.each([
    ['search', 'q'],
    [`search?q=${'x'.repeat(201)}`, 'q'],
    ['search?q=x&limit=51', 'limit'],
    ['stats?from=yesterday', 'from'],
    ['stats?from=2026-02-30', 'from'],
    ['stats?from=2020-01-01&to=2026-01-01', 'from'],
    ['cnv_1/export?format=pdf', 'format'],
    ['cnv_1?cursor=x', 'cursor'],
  ])('[HIS15] GET %s is refused by the name %s', async (path, field) => {
    const { key } = await newUser()
    const answer = await edge.request(`/api/conversations/${path}`, { key })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ field })
  })

  it('[HIS15] what is another user’s is not there, by any way; and without its scope nothing is', async () => {
    const [anna, ben] = [await newUser(), await newUser()]
    const { conversationId: id } = await said(anna.userId)
    const correction = { correctedText: 'x' }
    const ways: Array<[method: string, path: string, body?: unknown]> = [
      ['GET', ''],
      ['DELETE', ''],
      ['GET', '/export'],
      ['PATCH', '/turns/1', correction],
      ['PUT', '/turns/1/feedback', { vote: 'up' }],
      ['GET', '/turns/1/feedback'],
    ]
    const talker = await edge.newKey(['talk'])
    for (const [method, path, body] of ways) {
      const url = `/api/conversations/${id}${path}`
      expect((await send(url, method, ben.key, body)).status).toBe(404)
      expect((await send(url, method, talker.key, body)).status).toBe(403)
    }
    expect((await send(`/api/conversations/${id}`, 'GET', anna.key)).status).toBe(200)
    const operator = await edge.newKey(['admin'])
    expect((await send(`/api/conversations/${id}`, 'GET', operator.key)).status).toBe(200)
  })

  it('[HIS9] [HIS12] a turn is corrected and judged by its ordinal or its id', async () => {
    const { key, userId } = await newUser()
    const { conversationId } = await said(userId)
    const path = `/api/conversations/${conversationId}`
    const read = async () => (await (await edge.request(path, { key })).json()) as Conversation
    const [first] = (await read()).turns
    expect((await send(`${path}/turns/1`, 'PATCH', key, { correctedText: '明天天氣' })).status).toBe(204)
    expect((await read()).turns[0]).toMatchObject({ correctedText: '明天天氣', utteranceText: '今天天氣怎麼樣？' })
    const judged = `${path}/turns/${first?.id}/feedback`
    expect((await send(judged, 'GET', key)).status).toBe(404)
    expect((await send(judged, 'PUT', key, { vote: 'down', comment: 'wrong city' })).status).toBe(204)
    expect(await (await send(judged, 'GET', key)).json()).toEqual({ vote: 'down', comment: 'wrong city' })
    expect((await send(`${path}/turns/9`, 'PATCH', key, { correctedText: 'x' })).status).toBe(404)
    const tooLong = await send(`${path}/turns/1`, 'PATCH', key, { correctedText: 'x'.repeat(1_001) })
    expect(await faultIn(tooLong)).toMatchObject({ code: 'too_large', limit: 'correctedText', max: 1_000 })
  })

  it('[HIS16] a conversation is exported in four formats', async () => {
    const { key, userId } = await newUser()
    const { conversationId } = await said(userId)
    const file = async (format: string) => {
      const answer = await edge.request(`/api/conversations/${conversationId}/export?format=${format}`, { key })
      expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="${conversationId}.${format}"`)
      return { type: answer.headers.get('content-type'), text: await answer.text() }
    }
    const json = JSON.parse((await file('json')).text) as Conversation
    expect(json).toMatchObject({ id: conversationId, turns: [{ turn: 1 }, { turn: 2 }] })
    expect((await file('txt')).text).toContain('> 今天天氣怎麼樣？\n下雨。')
    const markdown = await file('md')
    expect(markdown.type).toContain('text/markdown')
    expect(markdown.text).toContain('**\\# tell me \\*more\\***\n\nIt \\-\\-\\> rains hard.')
    const subtitles = (await file('srt')).text
    expect(subtitles).toMatch(/^1\n00:00:00,000 --> \d\d:\d\d:\d\d,\d{3}\n今天天氣怎麼樣？\n\n2\n/)
    expect(subtitles).toContain('\nIt → rains hard.\n\n')
  })

  it('[HIS16] subtitles begin at the first turn also where the turns fill their pages exactly, and text begins no false entry', async () => {
    const { key, userId } = await newUser()
    const turns = Array.from({ length: 1_000 }, (_, i) =>
      turnRecord({
        id: `trn_page_${String(i).padStart(4, '0')}`,
        turn: i + 1,
        startedAt: 1_700_000_000_000 + i * 1_000,
        endedAt: 1_700_000_000_500 + i * 1_000,
        utteranceText: i === 0 ? 'one\n\n[2020-01-01T00:00:00Z]\n> never said' : 'two',
      }),
    )
    const { conversationId } = await edge.conversation(userId, turns)
    const file = async (format: string) =>
      (await edge.request(`/api/conversations/${conversationId}/export?format=${format}`, { key })).text()
    expect(await file('srt')).toMatch(/^1\n00:00:00,000 -->/)
    expect((await file('txt')).match(/^\[/gm)).toHaveLength(1_000)
  }, 60_000)

  it('[HIS21] words are found with and without their accents', async () => {
    const { key, userId } = await newUser()
    const text = 'We met at the café, naïve as we were. Über den Fluss. Cafe\u0301 again.'
    await edge.conversation(userId, [turnRecord({ id: 'trn_accents', utteranceText: text })])
    for (const query of ['cafe', 'café', 'naive', 'uber', 'über']) {
      const answer = await edge.request(`/api/conversations/search?q=${encodeURIComponent(query)}`, { key })
      const { hits } = (await answer.json()) as { hits: Array<{ text: string; hits: Array<[number, number]> }> }
      expect(hits, query).toHaveLength(1)
      expect(hits[0]?.hits.length, query).toBeGreaterThan(0)
    }
  })

  it.each(['a\u0000b', 'a\ud800b'])('[HIS22] text that would be stored as another one is refused: %j', async (text) => {
    const { key, userId } = await newUser()
    const { conversationId } = await said(userId)
    const path = `/api/conversations/${conversationId}/turns/1`
    expect((await send(path, 'PATCH', key, { correctedText: text })).status).toBe(400)
    expect((await send(`${path}/feedback`, 'PUT', key, { vote: 'up', comment: text })).status).toBe(400)
  })

  it('[HIS10] [HIS11] a conversation is deleted, and then all of a user', async () => {
    const { key, userId } = await newUser()
    const [one, two] = [await said(userId), await said(userId)]
    const remove = (id: string) => send(`/api/conversations/${id}`, 'DELETE', key)
    expect((await remove(one.conversationId)).status).toBe(204)
    expect((await remove(one.conversationId)).status).toBe(404)
    expect((await edge.request(`/api/conversations/${two.conversationId}`, { key })).status).toBe(200)
    expect((await send('/api/me', 'DELETE', key)).status).toBe(204)
    expect((await edge.request('/api/me', { key })).status).toBe(401)
    expect(await edge.store.history.listConversations(userId, { limit: 9 })).toEqual([])
  })

  it('[HIS10] a conversation in which somebody talks is not deleted', async () => {
    const { key, userId } = await newUser()
    const opening = { sessionId: 'ses_live0001', userId, conversationId: undefined, personaId: 'per_default' } as const
    const { conversationId } = await edge.store.sessions.openSession({ ...opening, now: Date.now() })
    const answer = await send(`/api/conversations/${conversationId}`, 'DELETE', key)
    expect(answer.status).toBe(409)
    expect(await faultIn(answer)).toMatchObject({ code: 'conflict', kind: 'conversation' })
  })
})
