// The resources of the API, as a client reads them, on a real edge with a real database.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ConversationSummary } from '#shared/model/conversation.ts'
import { turnRecord } from '#tests/fakes/turn-record.ts'
import { ScriptedNode } from '#tests/fakes/scripted-node.ts'
import { isGap } from '#tests/tooling/hosts/gaps.ts'
import { hostName } from '#tests/tooling/hosts/which-host.ts'
import { faultIn, startTestEdge, type TestEdge } from './test-edge.ts'

const METRICS_TOKEN = 'a-token-for-scraping'

describe('resources', () => {
  let edge: TestEdge
  let dist: string
  beforeAll(async () => {
    dist = mkdtempSync(join(tmpdir(), 'parley-dist-'))
    mkdirSync(join(dist, 'assets'))
    writeFileSync(join(dist, 'index.html'), '<!doctype html><title>Parley</title>')
    writeFileSync(join(dist, 'assets', 'main-abc123.js'), 'export {}')
    edge = await startTestEdge({ metricsToken: METRICS_TOKEN }, { dist })
  })
  afterAll(async () => {
    await edge.close()
    rmSync(dist, { recursive: true })
  })

  it('[HTP1] conversations are listed page by page, and each is read turn by turn', async () => {
    const { key, userId } = await edge.newKey()
    const said = [turnRecord({ utteranceText: '你好', startedAt: 1 }), turnRecord({ turn: 2, startedAt: 2 })]
    const ids: string[] = []
    for (let at = 0; at < 3; at += 1) {
      ids.unshift((await edge.conversation(userId, at === 0 ? said : [turnRecord()])).conversationId)
      // The list is ordered by milliseconds.
      while (Date.now() <= ((await latest(key))?.updatedAt ?? 0)) await new Promise((resolve) => setImmediate(resolve))
    }
    const page = async (query: string) =>
      (await (await edge.request(`/api/conversations${query}`, { key })).json()) as {
        conversations: ConversationSummary[]
        nextCursor: string | null
      }
    const first = await page('?limit=2')
    const second = await page(`?limit=2&cursor=${first.nextCursor}`)
    expect([...first.conversations, ...second.conversations].map(({ id }) => id)).toEqual(ids)
    expect(second).toMatchObject({ conversations: [{ title: '你好', turnCount: 2 }], nextCursor: null })
    const read = await edge.request(`/api/conversations/${ids[2]}`, { key })
    expect(read.headers.get('cache-control')).toBe('private, no-store')
    expect(await read.json()).toMatchObject({ turns: said, nextCursor: null })
  })
  const latest = async (key: string) => {
    const answer = await edge.request('/api/conversations?limit=1', { key })
    return ((await answer.json()) as { conversations: ConversationSummary[] }).conversations[0]
  }

  it('[HTP2] another user’s conversation is not found, as is one that never was', async () => {
    const [owner, stranger] = [await edge.newKey(), await edge.newKey()]
    const { conversationId } = await edge.conversation(owner.userId, [turnRecord()])
    for (const id of [conversationId, 'cnv_never', 'nonsense', '%00']) {
      const answer = await edge.request(`/api/conversations/${id}`, { key: stranger.key })
      expect(answer.status).toBe(404)
      expect(await faultIn(answer)).toMatchObject({ code: 'not_found', kind: 'conversation' })
    }
  })

  it.each(['limit=0', 'limit=101', 'limit=ten', 'limit=1.5', 'from=-1', 'to=soon'])(
    '[HTP3] a query with %s is refused by the field’s name and with what is allowed',
    async (query) => {
      const { key } = await edge.newKey()
      const answer = await edge.request(`/api/conversations?${query}`, { key })
      expect(answer.status).toBe(400)
      const field = query.split('=')[0] ?? ''
      expect(await faultIn(answer)).toMatchObject({
        code: 'invalid_message',
        issues: [expect.stringMatching(new RegExp(`^${field}: expected a whole number`))],
      })
    },
  )

  it.each(['', '{', '[]', '{"code":7}', '{"code":""}', '{"code":["xxxx"]}'])(
    '[HTP3] a body of %j is refused as unreadable, without repeating it',
    async (body) => {
      const answer = await edge.request('/api/sign-in', { method: 'POST', body })
      expect(answer.status).toBe(400)
      const text = await answer.text()
      expect(text).toContain('invalid_message')
      expect(text).not.toContain('xxxx')
    },
  )

  it('[HTP4] system info says what is spoken here, its limits and the nodes behind it', async () => {
    const { key } = await edge.newKey()
    const { token } = await edge.store.nodes.addNode({ name: 'box', now: Date.now() })
    const node = await new ScriptedNode({ edgeUrl: edge.url.replace('http', 'ws'), token, name: 'box' }).join()
    const found = (await (await edge.request('/api/system/info', { key })).json()) as Record<string, unknown>
    node.die()
    expect(found).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      protocols: { chat: 'parley.chat.v1', node: 'parley.node.v1', session: 'parley.session.v1' },
      limits: { utteranceMs: 60_000, textChars: 1_000, ticketMs: 60_000, resumeMs: 30_000 },
      nodes: [{ name: 'box', draining: false }],
    })
    expect((await edge.request('/api/system/info')).status).toBe(401)
  })

  it('[HTP5] personas are listed without their instructions', async () => {
    const { key } = await edge.newKey()
    const { personas } = (await (await edge.request('/api/personas', { key })).json()) as { personas: object[] }
    expect(personas).toContainEqual({ id: 'per_default', name: 'Parley', language: 'en', script: null })
  })

  it('[HTP12] /openapi.json describes routes with what they need, answer and refuse', async () => {
    const answer = await edge.request('/openapi.json')
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({
      openapi: '3.1.0',
      paths: {
        '/api/tickets': {
          post: {
            security: [{ key: ['talk'] }],
            responses: {
              201: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Ticket' } } } },
              429: { content: { 'application/problem+json': {} } },
            },
          },
        },
      },
      components: { schemas: { Ticket: { required: ['ticket', 'expiresAt'] } } },
    })
  })

  it('[HTP12] what a query may hold is described with its bounds, and ids with their form', async () => {
    const { paths } = (await (await edge.request('/openapi.json')).json()) as {
      paths: Record<string, { get: { parameters: Array<{ name: string; schema: object }> } }>
    }
    const { parameters = [] } = paths['/api/conversations']?.get ?? {}
    const schemas = Object.fromEntries(parameters.map(({ name, schema }) => [name, schema]))
    expect(schemas).toMatchObject({
      limit: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
      persona: { type: 'string', pattern: '^per_[a-z0-9_]{3,61}$' },
      'has-audio': { enum: ['true', 'false'] },
      text: { type: 'string', maxLength: 200 },
    })
    expect(parameters.find(({ name }) => name === 'text')).toMatchObject({
      description: expect.stringMatching(/words/i),
    })
  })

  it('[HTP6] every answer forbids framing and foreign scripts, and none allows another origin', async () => {
    for (const path of ['/', '/health', '/api/me', '/nowhere']) {
      const { headers } = await edge.request(path, { headers: { origin: 'https://evil.example' } })
      expect(headers.get('content-security-policy')).toContain("default-src 'self'")
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('access-control-allow-origin')).toBeNull()
    }
  })

  it('[HTP7] the page is asked for anew, its hashed files are kept for ever, and nothing outside is served', async () => {
    const page = await edge.request('/')
    expect(page.headers.get('content-type')).toContain('text/html')
    expect(page.headers.get('cache-control')).toBe('no-cache')
    const script = await edge.request('/assets/main-abc123.js')
    expect(script.headers.get('content-type')).toContain('javascript')
    expect(script.headers.get('cache-control')).toContain('immutable')
    for (const path of ['/..%2f..%2fetc/passwd', '/assets/..%2f..%2f..%2fetc/passwd', '/assets'])
      expect((await edge.request(path)).status).toBe(404)
  })

  it('[OPS7] metrics need their own token and count what happened', async () => {
    const { key } = await edge.newKey()
    expect((await edge.request('/metrics')).status).toBe(401)
    expect((await edge.request('/metrics', { key })).status).toBe(401)
    await edge.request('/api/conversations/cnv_never', { key })
    const answer = await edge.request('/metrics', { key: METRICS_TOKEN })
    expect(answer.headers.get('content-type')).toContain('text/plain')
    const text = await answer.text()
    expect(text).toMatch(/parley_http_requests_total\{method="GET",route="\/api\/me",status="401"\} [1-9]/)
    expect(text).toMatch(/parley_faults_total\{code="not_found",where="http"\} [1-9]/)
    expect(text).toMatch(/parley_sessions_live 0/)
    if (!isGap(hostName(), 'OPS7')) expect(text).toMatch(/process_resident_memory_bytes \d/)
    expect(text).not.toContain('cnv_never')
  })
})
