// The app over ports in memory: what a real edge shows only when something is broken or a node is there.
import { describe, expect, it } from 'vitest'
import { createApp } from '#edge/app.ts'
import { answerOf } from '#edge/http/plumbing/problem.ts'
import type { NewTask } from '#shared/task-store/task-rows.ts'
import type { BlobHash } from '#shared/blob.ts'
import { FAULT_TABLE } from '#shared/fault-table.ts'
import { FaultError, type Fault, type FaultCode } from '#shared/fault.ts'
import type { ApiKeyId } from '#shared/ids.ts'
import { silentLog, type Log, type LogFacts } from '#shared/log.ts'
import { fakePorts } from '#tests/edge/http/fake-ports.ts'

describe('answers to what goes wrong', () => {
  const faults: Record<FaultCode, Fault> = {
    invalid_message: { code: 'invalid_message', issues: ['x: expected a number'] },
    unauthenticated: { code: 'unauthenticated' },
    forbidden: { code: 'forbidden', action: 'inside' },
    not_found: { code: 'not_found', kind: 'conversation', id: 'cnv_1' },
    conflict: { code: 'conflict', kind: 'conversation', id: 'cnv_1', found: 'inside' },
    too_large: { code: 'too_large', limit: 'body', max: 1, got: 2, unit: 'bytes' },
    unsupported_version: { code: 'unsupported_version', offered: 'inside', supported: ['parley.chat.v1'] },
    rate_limited: { code: 'rate_limited', retryAfterMs: 1_500 },
    no_capacity: { code: 'no_capacity', retryAfterMs: 1_500 },
    node_lost: { code: 'node_lost', nodeId: 'inside' },
    stale_epoch: { code: 'stale_epoch', epoch: 3 },
    engine_failed: { code: 'engine_failed', engineId: 'inside', stage: 'stt', transient: true, detail: 'inside' },
    deadline_exceeded: { code: 'deadline_exceeded', stage: 'llm', limitMs: 5 },
    quota_exhausted: { code: 'quota_exhausted', quota: 'tokens', retryAfterMs: 1_500, resetAt: 1 },
    blocked: { code: 'blocked', policy: 'inside' },
    unavailable: { code: 'unavailable', what: 'inside', retryAfterMs: 1_500 },
    internal: { code: 'internal' },
  }

  it.each(Object.values(faults))(
    '[HTP8] $code has the status of the table and tells only what is public',
    async (fault) => {
      const answer = answerOf(fault)
      expect(answer.status).toBe(FAULT_TABLE[fault.code].http)
      const text = await answer.text()
      expect(JSON.parse(text)).toMatchObject({ fault: { code: fault.code, message: FAULT_TABLE[fault.code].text } })
      expect(text).not.toContain('inside')
      expect(answer.headers.get('retry-after')).toBe('retryAfterMs' in fault ? '2' : null)
    },
  )

  it('[HTP8] quota_exhausted names the quota and when it begins anew', async () => {
    const { fault } = (await answerOf(faults.quota_exhausted).json()) as { fault: unknown }
    expect(fault).toMatchObject({ quota: 'tokens', resetAt: 1, retryAfterMs: 1_500 })
  })

  it('[HTP11] a refusal is problem details that name the field and the trace', async () => {
    const { ports, store } = fakePorts()
    const { key } = await store.keys.createKey({ name: 'one', scopes: ['history:read'], now: 0 })
    const headers = { authorization: `Bearer ${key}`, traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` }
    const answer = await createApp(ports).request('/api/conversations?limit=0', { headers })
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(await answer.json()).toMatchObject({
      type: '/docs#invalid_message',
      status: 400,
      field: 'limit',
      traceId: 'a'.repeat(32),
      fault: { code: 'invalid_message' },
    })
    const tooLarge = answerOf({ code: 'too_large', limit: 'body', max: 1, got: 2, unit: 'bytes' })
    expect(await tooLarge.json()).toMatchObject({ status: 413, field: 'body' })
  })

  it('[HTP9] a route that is not there is a JSON 404', async () => {
    const answer = await createApp(fakePorts().ports).request('/api/nowhere')
    expect(answer.status).toBe(404)
    expect(await answer.json()).toMatchObject({ fault: { code: 'not_found', kind: 'route', id: '/api/nowhere' } })
    expect((await createApp(fakePorts().ports).request('/metrics')).status).toBe(404)
  })

  it.each([
    ['PUT', '/api/conversations/cnv_1', 'GET, HEAD, DELETE'],
    ['GET', '/api/tickets', 'POST'],
    ['DELETE', '/health', 'GET, HEAD'],
    ['PATCH', '/api/conversations/search', 'GET, HEAD'],
    ['PUT', '/ws/chat', 'GET, HEAD'],
    ['GET', '/api/voice-profiles/voi_1/preview', 'POST'],
  ])('[HTP9] %s %s is a 405 that names what is allowed', async (method, path, allowed) => {
    const answer = await createApp(fakePorts().ports).request(path, { method })
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe(allowed)
    const id = `${method} ${path}`
    expect(await answer.json()).toMatchObject({ status: 405, fault: { code: 'not_found', kind: 'method', id } })
  })

  it('[HTP9] an address that is not there says of no method that it is', async () => {
    const answer = await createApp(fakePorts().ports).request('/metrics', { method: 'POST' })
    expect([answer.status, answer.headers.get('allow')]).toEqual([404, null])
  })

  it('[HIS11] whoever leaves ends his sessions, whatever key they were opened with, and nodes forget his voices', async () => {
    const { ports, store } = fakePorts()
    const { key, keyId } = await store.keys.createKey({ name: 'one', scopes: ['history:write'], now: 0 })
    const file = '1'.padStart(64, '0') as BlobHash
    const [ended, planned]: [ApiKeyId[], NewTask[]] = [[], []]
    const gone = {
      ...ports,
      store: {
        ...store,
        edits: { ...store.edits, leave: async () => [file] },
        tasks: { ...store.tasks, addTask: async (task: NewTask) => void planned.push(task) as never },
      },
      blobs: { ...ports.blobs, delete: async () => {} },
      sessions: { ...ports.sessions, keysEnded: async (ids: ApiKeyId[]) => void ended.push(...ids) },
    }
    const headers = { authorization: `Bearer ${key}` }
    expect((await createApp(gone).request('/api/me', { method: 'DELETE', headers })).status).toBe(204)
    expect(ended).toContain(keyId)
    expect(planned).toMatchObject([{ name: 'voice.forget', payload: { files: [file] } }])
  })

  it('[HTP10] a bug is logged with its error and answered as internal, without a word of it', async () => {
    const { ports, store } = fakePorts()
    const { key } = await store.keys.createKey({ name: 'one', scopes: ['talk'], now: 0 })
    const logged: Array<{ facts: LogFacts; message: string }> = []
    const log: Log = { ...silentLog, error: (facts, message) => void logged.push({ facts, message }) }
    const bug = new TypeError('secret detail')
    store.failure = bug
    const headers = { authorization: `Bearer ${key}` }
    const answer = await createApp({ ...ports, log }).request('/api/conversations', { headers })
    expect(answer.status).toBe(500)
    const fault = { code: 'internal', message: FAULT_TABLE.internal.text }
    const traceId = expect.stringMatching(/^[0-9a-f]{32}$/)
    const problem = { type: '/docs#internal', title: fault.message, status: 500 }
    expect(await answer.json()).toEqual({ ...problem, traceId, fault })
    expect(logged).toEqual([
      { facts: expect.objectContaining({ error: bug, path: '/api/conversations' }), message: 'a bug in a route' },
    ])
  })

  it('[HTP10] a fault is no bug: it is answered by its code and never logged as an error', async () => {
    const { ports, store } = fakePorts()
    store.failure = new FaultError({ code: 'unavailable', what: 'database', retryAfterMs: 1_000 })
    const errors: string[] = []
    const log: Log = { ...silentLog, error: (_facts, message) => void errors.push(message) }
    const headers = { authorization: 'Bearer pk_x' }
    const answer = await createApp({ ...ports, log }).request('/api/conversations', { headers })
    expect(answer.status).toBe(503)
    expect(errors).toEqual([])
  })
})

describe('requests', () => {
  it('[OPS11] each has an id and a trace, which a proxy’s are continued in', async () => {
    const app = createApp(fakePorts().ports)
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const given = await app.request('/health', { headers: { 'x-request-id': 'proxy-12345', traceparent } })
    expect(given.headers.get('x-request-id')).toBe('proxy-12345')
    expect(given.headers.get('traceparent')).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/)
    expect(given.headers.get('traceparent')).not.toBe(traceparent)
    const made = await app.request('/health', { headers: { 'x-request-id': 'a b\tc', traceparent: 'nonsense' } })
    expect(made.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    expect(made.headers.get('traceparent')).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
  })

  it('[OPS12] are counted by route and status, and never by what a caller put into the path', async () => {
    const { ports, counted } = fakePorts()
    const app = createApp(ports)
    await app.request('/api/conversations/cnv_a-caller-wrote-this')
    await app.request('/what-a-caller-wrote')
    expect(counted).toContain('http_requests {"method":"GET","route":"/api/conversations/:id","status":"401"}')
    expect(counted).toContain('http_requests {"method":"GET","route":"unknown","status":"404"}')
    expect(counted.join()).not.toContain('wrote')
  })

  it('[AUT10] behind a proxy the configured origin is ours, and the Host is not asked', async () => {
    const { ports, store } = fakePorts()
    const app = createApp(ports)
    const { key } = await store.keys.createKey({ name: 'one', scopes: ['talk'], now: 0 })
    const code = async () => {
      const answer = await app.request('/api/sign-in/codes', {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
      })
      return ((await answer.json()) as { code: string }).code
    }
    const signIn = async (origin: string) =>
      app.request('http://inside:8787/api/sign-in', {
        method: 'POST',
        headers: { origin, host: 'inside:8787' },
        body: JSON.stringify({ code: await code() }),
      })
    const signedIn = await signIn('https://voice.example.org')
    expect(signedIn.status).toBe(200)
    expect(signedIn.headers.get('set-cookie')).toContain('Secure')
    expect((await signIn('http://inside:8787')).status).toBe(403)
  })

  it('[AUT11] a code is good for ten minutes, and a cookie for thirty days', async () => {
    const { ports, store, clock } = fakePorts()
    const app = createApp(ports)
    const { key } = await store.keys.createKey({ name: 'one', scopes: ['talk'], now: 0 })
    const headers = { authorization: `Bearer ${key}` }
    const mint = async () =>
      ((await (await app.request('/api/sign-in/codes', { method: 'POST', headers })).json()) as { code: string }).code
    const signIn = (code: string) => app.request('/api/sign-in', { method: 'POST', body: JSON.stringify({ code }) })
    const [early, late] = [await mint(), await mint()]
    await clock.advance(10 * 60_000 - 1)
    const signedIn = await signIn(early)
    expect(signedIn.status).toBe(200)
    await clock.advance(1)
    expect((await signIn(late)).status).toBe(401)
    const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? ''
    const me = async () => (await app.request('/api/me', { headers: { cookie } })).status
    await clock.advance(30 * 24 * 60 * 60_000 - 10)
    expect(await me()).toBe(200)
    await clock.advance(10)
    expect(await me()).toBe(401)
  })
})
