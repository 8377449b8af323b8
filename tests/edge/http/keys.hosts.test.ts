// Keys as an operator and their holders use them over HTTP, client secrets, and the rates of the routes, on a real edge.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WIDE_FACTOR } from '#edge/limits/counted-address.ts'
import type { KeyView } from '#edge/store/key-store.ts'
import { ROUTE_RATES } from '#edge/limits/route-rates.ts'
import { dialStatus } from './dial-status.ts'
import { faultIn, startTestEdge, type TestEdge } from './test-edge.ts'

describe('keys', () => {
  let edge: TestEdge
  let admin: { key: string; keyId: string }
  beforeAll(async () => {
    edge = await startTestEdge()
    admin = await edge.newKey(['admin'], { rateFactor: 100 })
  })
  afterAll(() => edge.close())

  const post = (path: string, body: unknown, key = admin.key, headers: Record<string, string> = {}) =>
    edge.request(path, { method: 'POST', body: JSON.stringify(body), key, headers })
  const made = async (terms: object) => {
    const answer = await post('/api/keys', { name: 'phone', scopes: ['talk'], ...terms })
    expect(answer.status).toBe(201)
    return (await answer.json()) as { keyId: string; key: string }
  }
  const listed = async (key = admin.key) =>
    ((await (await edge.request('/api/keys', { key })).json()) as { keys: KeyView[] }).keys
  const opens = async (key: string, headers: Record<string, string> = {}) =>
    (await edge.request('/api/me', { key, headers })).status
  const secretOf = async (key: string, body: object = {}) => {
    const answer = await post('/v1/realtime/client_secrets', body, key)
    return { status: answer.status, body: (await answer.json()) as { value: string; expires_at: number } }
  }
  const dial = (secret: string, headers: Record<string, string> = {}) =>
    dialStatus(edge.url, { protocols: [`parley.ticket.${secret}`], headers })

  it('[KEY1] a key is made on terms that the list shows, without the key', async () => {
    const terms = {
      name: 'kiosk',
      scopes: ['talk', 'history:read'],
      origins: ['https://app.example.org'],
      expiresAt: Date.now() + 3_600_000,
      limits: { sessions: 2, rateFactor: 2 },
    }
    const { keyId, key } = await made(terms)
    expect(key).toMatch(/^pk_[\w-]{43}$/)
    const all = await listed()
    expect(all.find((one) => one.keyId === keyId)).toMatchObject({ ...terms, revokedAt: null, lastUsedAt: null })
    expect(JSON.stringify(all)).not.toContain(key.slice(3))
  })

  it('[KEY2] a rotated key is good beside its successor for the time asked for', async () => {
    const old = await made({ name: 'rotated', origins: ['https://app.example.org'] })
    const answer = await post(`/api/keys/${old.keyId}/rotate`, { overlapMs: 60_000 })
    const next = (await answer.json()) as { keyId: string; key: string }
    expect([await opens(old.key), await opens(next.key)]).toEqual([200, 200])
    const views = await listed()
    const [before, after] = [old, next].map(({ keyId }) => views.find((one) => one.keyId === keyId))
    expect(after).toMatchObject({ name: 'rotated', userId: before?.userId, origins: before?.origins, expiresAt: null })
    expect(before?.expiresAt).toBeLessThanOrEqual(Date.now() + 60_000)
    await post(`/api/keys/${old.keyId}/rotate`, { overlapMs: 0 })
    expect([await opens(old.key), await opens(next.key)]).toEqual([401, 200])
    expect((await post(`/api/keys/${old.keyId}/rotate`, {})).status).toBe(404)
  })

  it('[KEY2] the successor of a key that ends lives as long as that one did', async () => {
    const day = 24 * 60 * 60_000
    const before = Date.now()
    const old = await made({ name: 'ending', expiresAt: before + day })
    const answer = await post(`/api/keys/${old.keyId}/rotate`, { overlapMs: 0 })
    const { keyId } = (await answer.json()) as { keyId: string }
    const after = (await listed()).find((one) => one.keyId === keyId)
    expect(after?.expiresAt).toBeGreaterThanOrEqual(before + day)
    expect(after?.expiresAt).toBeLessThanOrEqual(Date.now() + day)
  })

  it('[KEY4] whoever deletes his account with a key ends that key and no other', async () => {
    const admin = (await edge.newKey(['admin'])).key
    const { userId } = (await (await edge.request('/api/me', { key: admin })).json()) as { userId: string }
    const own = await made({ name: 'own', scopes: ['history:write'], userId })
    expect((await edge.request('/api/me', { method: 'DELETE', key: own.key })).status).toBe(204)
    expect([await opens(own.key), await opens(admin)]).toEqual([401, 200])
  })

  it('[KEY3] [EPH2] a revoked key opens no route, no ticket and no client secret', async () => {
    const { keyId, key } = await made({})
    const { ticket } = (await (await post('/api/tickets', {}, key)).json()) as { ticket: string }
    const secret = await secretOf(key)
    expect(await dial(secret.body.value)).toBe(101)
    expect((await edge.request(`/api/keys/${keyId}`, { method: 'DELETE', key: admin.key })).status).toBe(204)
    expect(await opens(key)).toBe(401)
    expect([await dial(ticket), await dial(secret.body.value)]).toEqual([401, 401])
    expect((await edge.request(`/api/keys/${keyId}`, { method: 'DELETE', key: admin.key })).status).toBe(404)
  })

  it('[KEY4] without admin a key sees its user’s keys, ends itself, and nothing else', async () => {
    const [own, other] = [await made({ name: 'own' }), await made({ name: 'other' })]
    expect((await listed(own.key)).map(({ keyId }) => keyId)).toEqual([own.keyId])
    expect((await post('/api/keys', { name: 'x', scopes: ['talk'] }, own.key)).status).toBe(403)
    expect((await post(`/api/keys/${own.keyId}/rotate`, {}, own.key)).status).toBe(403)
    const end = (keyId: string) => edge.request(`/api/keys/${keyId}`, { method: 'DELETE', key: own.key })
    expect((await end(other.keyId)).status).toBe(404)
    expect((await end(own.keyId)).status).toBe(204)
    expect([await opens(own.key), await opens(other.key)]).toEqual([401, 200])
  })

  it.each([
    [{ name: '', scopes: ['talk'] }, 'name'],
    [{ name: 'x', scopes: [] }, 'scopes'],
    [{ name: 'x', scopes: ['root'] }, 'scopes'],
    [{ name: 'x', scopes: ['talk'], origins: ['https://app.example.org/'] }, 'origins'],
    [{ name: 'x', scopes: ['talk'], expiresAt: -1 }, 'expiresAt'],
    [{ name: 'x', scopes: ['talk'], limits: { rateFactor: 0 } }, 'limits.rateFactor'],
    [{ name: 'x', scopes: ['talk'], limits: { tokenPerDay: 5 } }, 'limits.tokenPerDay'],
    [{ name: 'x', scopes: ['talk'], userId: 'somebody' }, 'userId'],
  ])('[KEY5] terms %j are refused by the name %s', async (terms, field) => {
    const answer = await post('/api/keys', terms)
    expect(answer.status).toBe(400)
    const { field: named, fault } = (await answer.json()) as { field: string; fault: { issues: string[] } }
    expect(named).toMatch(new RegExp(`^${field}`))
    // What is allowed, in words: never the code that looks.
    expect(fault.issues.join()).not.toMatch(/=>|function/)
  })

  it('[AUT12] a key that has expired opens nothing, and neither does what came of it', async () => {
    const { key, keyId } = await made({ expiresAt: Date.now() + 3_600_000 })
    const secret = await secretOf(key)
    await post(`/api/keys/${keyId}/rotate`, { overlapMs: 0 })
    expect([await opens(key), await dial(secret.body.value)]).toEqual([401, 401])
  })

  it('[AUT13] a key of certain origins is refused on pages of others, and serves programs', async () => {
    const { key } = await made({ origins: ['https://app.example.org'] })
    expect(await opens(key, { origin: 'https://evil.example' })).toBe(403)
    expect(await opens(key, { origin: 'https://app.example.org' })).toBe(200)
    expect(await opens(key)).toBe(200)
    const { value } = (await secretOf(key)).body
    expect(await dial(value, { origin: 'https://evil.example' })).toBe(403)
    expect(await dial(value, { origin: 'https://app.example.org' })).toBe(101)
  })

  it('[EPH1] a client secret has OpenAI’s shape, is good again and again, and opens nothing but /ws/chat', async () => {
    const { key } = await made({})
    const before = Date.now()
    const { status, body } = await secretOf(key, { expires_after: { anchor: 'created_at', seconds: 60 } })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      value: expect.stringMatching(/^ek_[!#$%&'*+.^_`|~0-9A-Za-z-]+$/),
      session: { type: 'realtime', object: 'realtime.session', id: expect.stringMatching(/^sess_/) },
    })
    expect(body.expires_at).toBeGreaterThan(before / 1000 + 59)
    expect(body.expires_at).toBeLessThanOrEqual(Date.now() / 1000 + 60)
    expect([await dial(body.value), await dial(body.value)]).toEqual([101, 101])
    expect(await dialStatus(edge.url, { headers: { authorization: `Bearer ${body.value}` } })).toBe(101)
    expect(await opens(body.value)).toBe(401)
    const usual = await secretOf(key)
    expect(usual.body.expires_at).toBeGreaterThan(before / 1000 + 599)
  })

  it('[EPH2] a client secret that was changed opens nothing; lifetimes out of bounds are refused', async () => {
    const { key } = await made({})
    const { value } = (await secretOf(key)).body
    const [head, claims, signature] = value.split('.')
    const later = btoa(JSON.stringify({ ...JSON.parse(atob(claims ?? '')), exp: 9_999_999_999 })).replaceAll('=', '')
    for (const forged of [value.slice(0, -2), `${head}.${later}.${signature}`, 'ek_', 'ek_a.b.c'])
      expect(await dial(forged)).toBe(401)
    for (const seconds of [9, 7_201, 60.5])
      expect((await secretOf(key, { expires_after: { anchor: 'created_at', seconds } })).status).toBe(400)
  })

  it('[RAT1] each key has its rate on each route, told by headers, and over it waits', async () => {
    const [{ key }, other] = [await made({ scopes: ['talk'] }), await made({})]
    const first = await edge.request('/api/me', { key })
    expect(first.headers.get('x-ratelimit-limit-requests')).toBe(String(ROUTE_RATES.read))
    expect(first.headers.get('x-ratelimit-remaining-requests')).toBe(String(ROUTE_RATES.read - 1))
    expect(first.headers.get('x-ratelimit-reset-requests')).toMatch(/^\d+\.\d{3}s$/)
    // Two a second come back: on a slow machine a bucket's worth of requests does not empty it.
    const asked: { method: string; answer: Response }[] = []
    const refusedOf = (one: string) =>
      asked.find(({ method, answer }) => method === one && answer.status === 429)?.answer
    while (!refusedOf('GET') || !refusedOf('HEAD')) {
      if (asked.length > 20 * ROUTE_RATES.read) throw new Error('the rate holds nobody')
      const burst = Array.from({ length: ROUTE_RATES.read }, async (_, at) => {
        const method = at % 3 === 0 ? 'HEAD' : 'GET'
        return { method, answer: await edge.request('/api/me', { key, method }) }
      })
      asked.push(...(await Promise.all(burst)))
    }
    const refused = refusedOf('GET')
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(refused?.headers.get('x-ratelimit-remaining-requests')).toBe('0')
    expect(await faultIn(refused as Response)).toMatchObject({ code: 'rate_limited' })
    expect([await opens(other.key), (await edge.request('/api/personas', { key })).status]).toEqual([200, 200])
  })

  it('[RAT2] a key’s own factor stretches its rates', async () => {
    const { key } = await made({ limits: { rateFactor: 10 } })
    const answer = await edge.request('/api/me', { key })
    expect(answer.headers.get('x-ratelimit-limit-requests')).toBe(String(ROUTE_RATES.read * 10))
  })

  it('[RAT3] the rates of the table are in /openapi.json', async () => {
    const { paths } = (await (await edge.request('/openapi.json')).json()) as {
      paths: Record<string, Record<string, { description?: string }>>
    }
    expect(paths['/api/keys']?.['post']?.description).toContain(`At most ${ROUTE_RATES.account} a minute`)
    expect(paths['/api/conversations']?.['get']?.description).toContain(`At most ${ROUTE_RATES.read} a minute`)
  })
})

describe('one network address', () => {
  it('[RAT4] has its rate before it is known who asks; a probe of /health is not counted', async () => {
    const edge = await startTestEdge({ addressRate: 3, trustProxy: true })
    const ask = async (path: string, address: string) =>
      (await edge.request(path, { headers: edge.from(address) })).status
    const statuses = await Promise.all(Array.from({ length: 4 }, () => ask('/api/me', '192.0.2.7')))
    expect(statuses.toSorted((a, b) => a - b)).toEqual([401, 401, 401, 429])
    expect([await ask('/api/me', '192.0.2.8'), await ask('/health', '192.0.2.7')]).toEqual([401, 200])
    await edge.close()
  })

  it('[LIM5] the owner of an IPv6 network cannot ask without end by taking another part of it each time', async () => {
    const edge = await startTestEdge({ addressRate: 1, trustProxy: true })
    const ask = async (address: string) => (await edge.request('/nowhere', { headers: edge.from(address) })).status
    const statuses = await Promise.all(Array.from({ length: WIDE_FACTOR + 1 }, (_, at) => ask(`2001:db8:1:${at}::1`)))
    expect(statuses.filter((status) => status === 429)).toHaveLength(1)
    expect(await ask('2001:db8:2:1::1')).toBe(404)
    await edge.close()
  })
})
