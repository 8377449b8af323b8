// Who may do what: keys, cookies, codes and tickets, on a real edge.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callerByReference, referenceOf } from '#edge/http/access/key-reference.ts'
import { dialStatus } from '#tests/edge/http/dial-status.ts'
import { faultIn, startTestEdge, type TestEdge } from '#tests/edge/http/test-edge.ts'

describe('authentication', () => {
  let edge: TestEdge
  beforeAll(async () => {
    edge = await startTestEdge()
  })
  afterAll(() => edge.close())

  const post = (path: string, body: unknown, init: Parameters<TestEdge['request']>[1] = {}) =>
    edge.request(path, { ...init, method: 'POST', body: JSON.stringify(body) })
  const codeFor = async (key: string) => {
    const answer = await post('/api/sign-in/codes', {}, { key })
    return ((await answer.json()) as { code: string }).code
  }
  /** The cookie of a browser that was signed in, as it sends it back. */
  const signIn = async (key: string) => {
    const answer = await post('/api/sign-in', { code: await codeFor(key) })
    return answer.headers.get('set-cookie')?.split(';')[0] ?? ''
  }

  it('[AUT1] a key opens the API until it is revoked; none and wrong ones are unauthenticated', async () => {
    const { key, keyId, userId } = await edge.newKey()
    const me = await edge.request('/api/me', { key })
    expect(me.status).toBe(200)
    expect(await me.json()).toEqual({ userId, keyId, scopes: ['talk', 'history:read'], keepAudioDays: null })
    for (const wrong of [undefined, `${key}x`, 'pk_', key.toUpperCase()]) {
      const answer = await edge.request('/api/me', wrong === undefined ? {} : { key: wrong })
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toBe('Bearer')
      expect(await faultIn(answer)).toMatchObject({ code: 'unauthenticated' })
    }
    const basic = await edge.request('/api/me', { headers: { authorization: `Basic ${btoa(`x:${key}`)}` } })
    expect(basic.status).toBe(401)
    await edge.store.keys.revokeKey(keyId as `key_${string}`, Date.now())
    expect((await edge.request('/api/me', { key })).status).toBe(401)
  })

  it('[AUT2] a code signs in one browser, once, by a cookie that scripts and foreign pages cannot use', async () => {
    const { key, userId } = await edge.newKey()
    const code = await codeFor(key)
    const answer = await post('/api/sign-in', { code })
    expect(answer.status).toBe(200)
    const set = answer.headers.get('set-cookie') ?? ''
    for (const attribute of ['HttpOnly', 'SameSite=Strict', 'Path=/']) expect(set).toContain(attribute)
    expect(set).not.toContain(key)
    const cookie = set.split(';')[0] ?? ''
    expect(await (await edge.request('/api/me', { headers: { cookie } })).json()).toMatchObject({ userId })
    expect((await post('/api/sign-in', { code })).status).toBe(401)
  })

  it('[AUT3] a cookie that was changed, or whose key was revoked, is nobody’s', async () => {
    const { key, keyId } = await edge.newKey()
    const other = await edge.newKey()
    const cookie = await signIn(key)
    const forged = [cookie.replace(keyId, other.keyId), cookie.slice(0, -3), cookie.replace(/\.\d+/, '.9999999999999')]
    for (const one of forged) expect((await edge.request('/api/me', { headers: { cookie: one } })).status).toBe(401)
    expect((await edge.request('/api/me', { headers: { cookie } })).status).toBe(200)
    await edge.store.keys.revokeKey(keyId as `key_${string}`, Date.now())
    expect((await edge.request('/api/me', { headers: { cookie } })).status).toBe(401)
  })

  it('[AUT4] with a cookie, what changes something needs our own Origin; with a key it does not', async () => {
    const { key } = await edge.newKey()
    const cookie = await signIn(key)
    const ticket = async (headers: Record<string, string>) =>
      (await edge.request('/api/tickets', { method: 'POST', headers: { cookie, ...headers } })).status
    expect(await ticket({ origin: edge.url })).toBe(201)
    expect(await ticket({ origin: 'https://evil.example' })).toBe(403)
    expect(await ticket({ origin: 'null' })).toBe(403)
    expect(await ticket({})).toBe(403)
    expect((await edge.request('/api/tickets', { method: 'POST', key })).status).toBe(201)
  })

  it('[AUT5] a page of another origin cannot sign a visitor in or out', async () => {
    const { key } = await edge.newKey()
    const headers = { origin: 'https://evil.example' }
    const code = await codeFor(key)
    const answer = await post('/api/sign-in', { code }, { headers })
    expect(answer.status).toBe(403)
    expect(answer.headers.get('set-cookie')).toBeNull()
    expect((await edge.request('/api/sign-in', { method: 'DELETE', headers })).status).toBe(403)
    expect((await post('/api/sign-in', { code }, { headers: { origin: edge.url } })).status).toBe(200)
  })

  it('[AUT6] signing out takes the cookie away', async () => {
    const cookie = await signIn((await edge.newKey()).key)
    const answer = await edge.request('/api/sign-in', { method: 'DELETE', headers: { cookie, origin: edge.url } })
    expect(answer.status).toBe(204)
    expect(answer.headers.get('set-cookie')).toMatch(/parley_session=;.*Max-Age=0/)
  })

  it('[AUT7] a key does only what its scopes say', async () => {
    const talker = await edge.newKey(['talk'])
    const reader = await edge.newKey(['history:read'])
    const refused = await edge.request('/api/conversations', { key: talker.key })
    expect(refused.status).toBe(403)
    expect(await faultIn(refused)).toMatchObject({ code: 'forbidden' })
    expect((await edge.request('/api/conversations', { key: reader.key })).status).toBe(200)
    expect((await edge.request('/api/tickets', { key: reader.key, method: 'POST' })).status).toBe(403)
  })

  it('[AUT8] a ticket is good for 60 s, and neither it nor a code does the other’s work', async () => {
    const { key } = await edge.newKey()
    const before = Date.now()
    const answer = await edge.request('/api/tickets', { key, method: 'POST' })
    const { ticket, expiresAt } = (await answer.json()) as { ticket: string; expiresAt: number }
    expect(expiresAt).toBeGreaterThanOrEqual(before + 60_000)
    expect(expiresAt).toBeLessThanOrEqual(Date.now() + 60_000)
    expect((await post('/api/sign-in', { code: ticket })).status).toBe(401)
    expect(await dial(await codeFor(key))).toBe(401)
  })

  it('[AUT9] a socket with a cookie needs our own Origin', async () => {
    const cookie = await signIn((await edge.newKey()).key)
    expect(await dial(undefined, { cookie })).toBe(403)
    expect(await dial(undefined, { cookie, origin: 'https://evil.example' })).toBe(403)
    expect(await dial(undefined, { cookie, origin: edge.url })).toBe(101)
  })

  it('[HOS5] a cookie that was made with a key ends that key alone; a person’s ends all of them', async () => {
    const stolen = await edge.newKey(['history:write', 'history:read'])
    const terms = { name: 'other', scopes: ['history:read' as const], userId: stolen.userId, now: Date.now() }
    const other = await edge.store.keys.createKey(terms)
    const headers = { cookie: await signIn(stolen.key), origin: edge.url }
    expect((await edge.request('/api/me', { method: 'DELETE', headers })).status).toBe(204)
    expect((await edge.request('/api/me', { key: stolen.key })).status).toBe(401)
    expect((await edge.request('/api/me', { key: other.key })).status).toBe(200)
    const operator = await edge.newKey(['admin'])
    const second = await edge.store.keys.createKey({ ...terms, userId: operator.userId })
    const asOperator = { cookie: await signIn(operator.key), origin: edge.url }
    expect((await edge.request('/api/me', { method: 'DELETE', headers: asOperator })).status).toBe(204)
    expect((await edge.request('/api/me', { key: second.key })).status).toBe(401)
  })

  it('[HOS6] a caller is known with the end of his key, whatever it was traded for', async () => {
    const { keys } = edge.store
    const now = Date.now()
    const ends = await keys.createKey({ name: 'short', scopes: ['talk'], expiresAt: now + 60_000, now })
    const lasts = await keys.createKey({ name: 'long', scopes: ['talk'], now })
    expect(await keys.callerByKey(ends.key, now)).toMatchObject({ endsAt: now + 60_000 })
    expect(await keys.callerByKey(lasts.key, now)).not.toHaveProperty('endsAt')
    const token = (until: number) => referenceOf({ keyId: ends.keyId, token: { until, scopes: ['talk'] } })
    expect(await callerByReference(keys, referenceOf({ keyId: ends.keyId }), now)).toMatchObject({
      endsAt: now + 60_000,
    })
    expect(await callerByReference(keys, token(now + 5_000), now)).toMatchObject({ endsAt: now + 5_000 })
    expect(await callerByReference(keys, token(now + 90_000), now)).toMatchObject({ endsAt: now + 60_000 })
  })

  const dial = (ticket?: string, headers: Record<string, string> = {}) =>
    dialStatus(edge.url, { protocols: ticket === undefined ? [] : [`parley.ticket.${ticket}`], headers })
})
