// Callers by tokens of an identity provider: a real one on loopback that publishes its keys, and a real edge that trusts it.
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { sign } from 'hono/utils/jwt/jwt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createIdentities } from '#edge/http/access/identities.ts'
import { silentLog } from '#shared/log.ts'
import { createMemoryStore } from '#tests/fakes/memory-store.ts'
import { dialStatus } from '#tests/edge/http/dial-status.ts'
import { faultIn, startTestEdge, type TestEdge } from '#tests/edge/http/test-edge.ts'

const ISSUER = 'https://login.example.org/'
const AUDIENCE = 'parley'
const ES256 = { name: 'ECDSA', namedCurve: 'P-256' } as const

interface SigningKey {
  kid: string
  private: JsonWebKey & { kid: string; alg: string }
  public: JsonWebKey & { kid: string }
}

async function newSigningKey(kid: string): Promise<SigningKey> {
  const pair = await crypto.subtle.generateKey(ES256, true, ['sign', 'verify'])
  const [own, known] = await Promise.all([
    crypto.subtle.exportKey('jwk', pair.privateKey),
    crypto.subtle.exportKey('jwk', pair.publicKey),
  ])
  return { kid, private: { ...own, kid, alg: 'ES256' }, public: { ...known, kid } }
}

describe('an identity provider', () => {
  let provider: Server
  let published: SigningKey[]
  let asked = 0
  let jwksUrl: string
  let edge: TestEdge
  beforeAll(async () => {
    published = [await newSigningKey('one')]
    provider = createServer((_request, response) => {
      asked += 1
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ keys: published.map((key) => key.public) }))
    }).listen(0, '127.0.0.1')
    await once(provider, 'listening')
    jwksUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/jwks`
    const scopeNames = { 'voice.use': 'talk' } as const
    const mapping = { userClaim: 'sub', scopesClaim: 'scope', scopeNames, defaultScopes: ['history:read' as const] }
    edge = await startTestEdge({ identityProvider: { issuer: ISSUER, audience: AUDIENCE, jwksUrl, ...mapping } })
  })
  afterAll(async () => {
    await edge.close()
    provider.close()
  })

  const soon = () => Math.floor(Date.now() / 1000) + 600
  const claims = (facts: Record<string, unknown> = {}) => ({
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'anna',
    iat: Math.floor(Date.now() / 1000),
    exp: soon(),
    scope: 'voice.use history:read nonsense',
    ...facts,
  })
  const tokenOf = (facts: Record<string, unknown> = {}, key = published[0] as SigningKey) =>
    sign(claims(facts), key.private as never, 'ES256')
  const me = (key: string) => edge.request('/api/me', { key })

  it('[JWT1] a subject is one user, with the scopes of the claims in our words', async () => {
    const [first, again, other] = await Promise.all(
      ['anna', 'anna', 'ben'].map(async (sub) => (await me(await tokenOf({ sub }))).json()),
    )
    expect(first).toMatchObject({ userId: expect.stringMatching(/^usr_/), scopes: ['talk', 'history:read'] })
    expect(again).toEqual(first)
    expect((other as { userId: string }).userId).not.toBe((first as { userId: string }).userId)
    const plain = await (await me(await tokenOf({ sub: 'carl', scope: undefined }))).json()
    expect(plain).toMatchObject({ scopes: ['history:read'] })
    const token = await tokenOf()
    expect(await dialStatus(edge.url, { headers: { authorization: `Bearer ${token}` } })).toBe(101)
    const ticket = await edge.request('/api/tickets', { method: 'POST', key: token })
    expect(ticket.status).toBe(201)
  })

  it('[JWT2] a token that is not good is nobody’s', async () => {
    const stranger = await newSigningKey('one')
    const bad = [
      tokenOf({ iss: 'https://evil.example/' }),
      tokenOf({ aud: 'another' }),
      tokenOf({ exp: soon() - 1_200 }),
      tokenOf({ exp: undefined }),
      tokenOf({ nbf: soon() }),
      tokenOf({ sub: undefined }),
      tokenOf({ sub: '' }),
      tokenOf({}, stranger),
      sign(claims(), JSON.stringify(published[0]?.public), 'HS256'),
    ]
    for (const token of await Promise.all(bad)) expect((await me(token)).status).toBe(401)
    const [, body] = (await tokenOf()).split('.')
    const none = `${btoa(JSON.stringify({ alg: 'none', kid: 'one' })).replaceAll('=', '')}.${body}.x`
    for (const token of [none, 'a.b.c', `${await tokenOf()}x`]) expect((await me(token)).status).toBe(401)
  })

  it('[JWT5] nothing that is made of a token allows more, or lasts longer, than the token', async () => {
    const small = await tokenOf({ sub: 'eve', scope: 'history:read', exp: Math.floor(Date.now() / 1000) + 60 })
    const code = await edge.request('/api/sign-in/codes', { method: 'POST', key: small })
    const signIn = { method: 'POST', body: JSON.stringify(await code.json()) }
    const signedIn = await edge.request('/api/sign-in', signIn)
    const [cookie = ''] = (signedIn.headers.get('set-cookie') ?? '').split(';')
    expect(Number(/Max-Age=(\d+)/i.exec(signedIn.headers.get('set-cookie') ?? '')?.[1])).toBeLessThanOrEqual(60)
    const who = async () => (await edge.request('/api/me', { headers: { cookie } })).json()
    expect(await who()).toMatchObject({ scopes: ['history:read'] })
    // The same person comes with more.
    expect(await (await me(await tokenOf({ sub: 'eve', scope: 'admin history:read' }))).json()).toMatchObject({
      scopes: ['history:read', 'admin'],
    })
    expect(await who()).toMatchObject({ scopes: ['history:read'] })
    const body = JSON.stringify({ expires_after: { seconds: 7_200 } })
    const talking = await tokenOf({ sub: 'eve', exp: Math.floor(Date.now() / 1000) + 60 })
    const secret = await edge.request('/v1/realtime/client_secrets', { method: 'POST', key: talking, body })
    const { expires_at: until } = (await secret.json()) as { expires_at: number }
    expect(until).toBeLessThanOrEqual(Date.now() / 1000 + 60)
  })

  it('[JWT5] a user of the provider who deletes what is his may come again; his key has no secret to replace', async () => {
    const token = await tokenOf({ sub: 'fred', scope: 'history:write history:read' })
    const first = (await (await me(token)).json()) as { userId: string; keyId: string }
    const admin = (await edge.newKey(['admin'])).key
    const rotated = await edge.request(`/api/keys/${first.keyId}/rotate`, { method: 'POST', key: admin, body: '{}' })
    expect(rotated.status).toBe(404)
    expect((await edge.request('/api/me', { method: 'DELETE', key: token })).status).toBe(204)
    // What was made before brings nobody back.
    expect((await me(token)).status).toBe(401)
    expect((await me(await tokenOf({ sub: 'fred', iat: undefined }))).status).toBe(401)
    const iat = Math.floor(Date.now() / 1000) + 1
    expect(await (await me(await tokenOf({ sub: 'fred', scope: 'history:read', iat }))).json()).toMatchObject({
      userId: first.userId,
      scopes: ['history:read'],
    })
  })

  it('[JWT2] a clock that is ahead is forgiven', async () => {
    expect((await me(await tokenOf({ iat: Math.floor(Date.now() / 1000) + 30 }))).status).toBe(200)
  })

  it('[JWT4] a user of the provider who was revoked stays outside', async () => {
    const token = await tokenOf({ sub: 'dora' })
    const { keyId } = (await (await me(token)).json()) as { keyId: `key_${string}` }
    await edge.store.keys.revokeKey(keyId, Date.now())
    expect((await me(token)).status).toBe(401)
    expect((await me(await tokenOf({ sub: 'dora', scope: 'history:write' }))).status).toBe(401)
  })

  it('[JWT3] a new key is found, a flood of made-up ones asks the provider once, and known keys outlive it', async () => {
    const identities = createIdentities(
      {
        issuer: ISSUER,
        audience: AUDIENCE,
        jwksUrl,
        userClaim: 'sub',
        scopesClaim: 'scope',
        scopeNames: {},
        defaultScopes: [],
      },
      { store: createMemoryStore(), log: silentLog },
    )
    let now = Date.now()
    expect(await identities.callerOf(await tokenOf(), now)).toMatchObject({ scopes: ['history:read'] })
    const next = await newSigningKey('two')
    published = [...published, next]
    const token = await tokenOf({}, next)
    now += 31_000
    expect(await identities.callerOf(token, now)).toMatchObject({ scopes: ['history:read'] })
    const before = asked
    const madeUp = await Promise.all([3, 4, 5].map(async (n) => tokenOf({}, await newSigningKey(`${n}`))))
    for (const one of madeUp) expect(await identities.callerOf(one, now)).toBeUndefined()
    expect(asked).toBe(before)
    provider.close()
    provider.closeAllConnections()
    now += 60 * 60_000
    expect(await identities.callerOf(token, now)).toMatchObject({ scopes: ['history:read'] })
    await expect(identities.callerOf(madeUp[0] ?? '', now)).rejects.toMatchObject({
      fault: { code: 'unavailable', what: 'identity provider' },
    })
  })

  it('[JWT3] a provider that hangs delays nobody whose key is known, and a key without an id hides no other', async () => {
    const key = await newSigningKey('known')
    let isHanging = false
    const { kid: _, ...nameless } = key.public
    let givenUp = 0
    const slow = createServer((_request, response) => {
      response.once('close', () => void (isHanging && givenUp++))
      response.setHeader('content-type', 'application/json')
      if (!isHanging) response.end(JSON.stringify({ keys: [nameless, key.public] }))
    }).listen(0, '127.0.0.1')
    await once(slow, 'listening')
    const url = `http://127.0.0.1:${(slow.address() as AddressInfo).port}/jwks`
    const mapping = { userClaim: 'sub', scopesClaim: 'scope', scopeNames: {}, defaultScopes: [] }
    const identities = createIdentities(
      { issuer: ISSUER, audience: AUDIENCE, jwksUrl: url, ...mapping },
      { store: createMemoryStore(), log: silentLog },
    )
    const token = await tokenOf({}, key)
    const now = Date.now()
    expect(await identities.callerOf(token, now)).toBeDefined()
    isHanging = true
    for (let i = 1; i <= 3; i++) expect(await identities.callerOf(token, now + i * 11 * 60_000)).toBeDefined()
    // No caller waited until the fetch was given up.
    expect(givenUp).toBe(0)
    slow.closeAllConnections()
    slow.close()
  })

  it('[JWT3] an edge whose provider was never there says so', async () => {
    const alone = await startTestEdge({
      identityProvider: {
        issuer: ISSUER,
        audience: AUDIENCE,
        jwksUrl: 'http://127.0.0.1:9/jwks',
        userClaim: 'sub',
        scopesClaim: 'scope',
        scopeNames: {},
        defaultScopes: [],
      },
    })
    const answer = await alone.request('/api/me', { key: await tokenOf() })
    expect(answer.status).toBe(503)
    expect(await faultIn(answer)).toMatchObject({ code: 'unavailable' })
    await alone.close()
  })
})
