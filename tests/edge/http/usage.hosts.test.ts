// GET /api/usage on a real edge: what a user has used, what is left, and who may see it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DayUsage } from '#edge/store/quota-store.ts'
import type { QuotaMeter } from '#edge/store/quotas.ts'
import { turnRecord } from '#tests/fakes/turn-record.ts'
import { faultIn, startTestEdge, type TestEdge } from './test-edge.ts'

const DAY_MS = 24 * 60 * 60_000

interface Answer {
  userId: string | null
  today: string
  resetAt: number
  quotas: QuotaMeter[]
  days: DayUsage[]
}

describe('usage', () => {
  let edge: TestEdge
  let admin: string
  beforeAll(async () => {
    const quotas = {
      sessions: 5,
      tokensPerDay: 1_000,
      audioMsPerDay: null,
      costMicrosPerDay: 4_000_000,
      serviceCostMicrosPerDay: 9_000_000,
    }
    edge = await startTestEdge({ metering: { quotas, prices: { llm: { perThousandTokens: 10 } } } })
    admin = (await edge.newKey(['admin'], { rateFactor: 10 })).key
  })
  afterAll(() => edge.close())

  const ask = (key: string, query = '') => edge.request(`/api/usage${query}`, { key })
  const read = async (key: string, query = '') => (await (await ask(key, query)).json()) as Answer
  const talked = (tokens: number, startedAt = Date.now()) => {
    const usage = { promptTokens: tokens - 1, completionTokens: 1, inputAudioMs: 2_000, outputAudioMs: 3_000 }
    return turnRecord({ startedAt, usage })
  }

  it('[QUO13] tells a user his days, newest first, and what is left of each quota today by the limits of his key', async () => {
    const { key, userId } = await edge.newKey(['talk'], { tokensPerDay: 5_000 })
    const before = Date.now() - 3 * DAY_MS
    await edge.conversation(userId, [talked(100), talked(50), talked(7, before)])
    const answer = await read(key)
    const { today, days, quotas } = answer
    expect(answer).toMatchObject({ userId, today: new Date().toISOString().slice(0, 10) })
    expect(answer.resetAt).toBe(new Date().setUTCHours(24, 0, 0, 0))
    const spent = { promptTokens: 148, completionTokens: 2, inputAudioMs: 4_000, outputAudioMs: 6_000 }
    expect(days).toEqual([
      { day: today, turns: 2, ...spent, costMicros: 1_500_000 },
      expect.objectContaining({ day: new Date(before).toISOString().slice(0, 10), turns: 1, costMicros: 70_000 }),
    ])
    expect(quotas).toEqual([
      { quota: 'sessions', used: 0, held: 0, max: 5 },
      { quota: 'tokens', used: 150, held: 0, max: 5_000 },
      { quota: 'audioMs', used: 10_000, held: 0, max: null },
      { quota: 'cost', used: 1_500_000, held: 0, max: 4_000_000 },
    ])
    expect((await read(key, '?days=1')).days).toHaveLength(1)
  })

  it('[QUO14] another user is not there; an operator sees any user, and what all of them use', async () => {
    const [one, other] = [await edge.newKey(['talk']), await edge.newKey(['talk', 'history:read', 'history:write'])]
    await edge.conversation(one.userId, [talked(20)])
    const refused = await ask(other.key, `?user=${one.userId}`)
    expect([refused.status, await faultIn(refused)]).toEqual([404, expect.objectContaining({ kind: 'user' })])
    expect((await ask(other.key, '?user=all')).status).toBe(404)
    expect(await read(other.key, `?user=${other.userId}`)).toMatchObject({ userId: other.userId, days: [] })
    const seen = await read(admin, `?user=${one.userId}`)
    expect(seen).toMatchObject({ userId: one.userId, days: [{ turns: 1 }] })
    expect(seen.quotas[1]).toEqual({ quota: 'tokens', used: 20, held: 0, max: 1_000 })
    const all = await read(admin, '?user=all')
    expect(all).toMatchObject({ userId: null, quotas: [{ quota: 'serviceCost', max: 9_000_000 }] })
    expect(all.days[0]?.turns).toBeGreaterThanOrEqual(1)
    expect(all.quotas[0]?.used).toBe(all.days[0]?.costMicros)
    expect((await ask(admin, '?user=usr_nobody')).status).toBe(200)
    expect((await ask(admin, '?user=somebody')).status).toBe(404)
  })

  it.each(['?days=0', '?days=367', '?days=x', `?user=${'x'.repeat(65)}`])('[QUO13] %s is refused', async (query) => {
    expect((await ask(admin, query)).status).toBe(400)
  })

  it('[QUO13] needs a key', async () => {
    expect((await edge.request('/api/usage')).status).toBe(401)
  })
})
