// What stands before the routes: other origins, compression, TLS headers, the reference at /docs and its machine-readable parts.
import { html } from 'hono/html'
import * as v from 'valibot'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApp } from '#edge/app.ts'
import EXAMPLES from '#edge/http/docs/examples.json' with { type: 'json' }
import { MINIMAL_CALL } from '#edge/http/docs/wires.ts'
import { ChatDown, ChatUp } from '#shared/protocol/chat-messages.ts'
import { FAULT_TABLE } from '#shared/fault-table.ts'
import { fakePorts } from './fake-ports.ts'
import { isGap } from '#tests/tooling/hosts/gaps.ts'
import { hostName } from '#tests/tooling/hosts/which-host.ts'
import { startTestEdge, type TestEdge } from './test-edge.ts'

const APP = 'https://app.example.org'

describe('out front', () => {
  let edge: TestEdge
  beforeAll(async () => {
    edge = await startTestEdge({ corsOrigins: [APP] })
  })
  afterAll(() => edge.close())

  it('[FRO1] pages of listed origins may read the API with a key, others may not, and no cookie is ever asked along', async () => {
    const { key } = await edge.newKey()
    const read = (origin: string) => edge.request('/api/me', { key, headers: { origin } })
    const allowed = await read(APP)
    expect(allowed.headers.get('access-control-allow-origin')).toBe(APP)
    expect(allowed.headers.get('access-control-allow-credentials')).toBeNull()
    expect(allowed.headers.get('access-control-expose-headers')).toContain('retry-after')
    expect(allowed.headers.get('vary')).toContain('Origin')
    expect((await read('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull()
    const preflight = (origin: string) =>
      edge.request('/v1/realtime/client_secrets', {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      })
    const asked = await preflight(APP)
    expect(asked.status).toBe(204)
    expect(asked.headers.get('access-control-allow-origin')).toBe(APP)
    expect(asked.headers.get('access-control-allow-headers')).toContain('authorization')
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull()
  })

  it('[FRO2] what is read and long is compressed; what was just made for one caller is not', async () => {
    const { key } = await edge.newKey()
    const accept = { 'accept-encoding': 'gzip' }
    const specs = await edge.request('/openapi.json', { headers: accept })
    expect(await specs.json()).toMatchObject({ openapi: '3.1.0' })
    if (isGap(hostName(), 'FRO2')) return
    expect(specs.headers.get('content-encoding')).toBe('gzip')
    const ticket = await edge.request('/api/tickets', { method: 'POST', key, headers: accept })
    expect(ticket.headers.get('content-encoding')).toBeNull()
  })

  it('[FRO3] a user’s data is never kept by a cache', async () => {
    const { key } = await edge.newKey()
    for (const path of ['/api/conversations', '/api/me', '/api/conversations/cnv_none'])
      expect((await edge.request(path, { key })).headers.get('cache-control')).toBe('private, no-store')
  })

  it('[FRO4] HSTS is told where the way is TLS, and the CSP knows no unsafe word', async () => {
    const headers = (await edge.request('/health')).headers
    expect(headers.get('strict-transport-security')).toBeNull()
    expect(headers.get('content-security-policy')).not.toContain('unsafe')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('permissions-policy')).toContain('microphone=(self)')
  })

  it('[FRO5] /docs describes every route, wire, quota and fault from the tables, without a script', async () => {
    const answer = await edge.request('/docs')
    const text = await answer.text()
    expect(answer.headers.get('content-type')).toContain('text/html')
    expect(text).not.toMatch(/<script|<style|<[^>]* style=|(?:src|href)="(?![/#])/i)
    const { paths } = (await (await edge.request('/openapi.json')).json()) as { paths: object }
    for (const path of Object.keys(paths)) expect(text).toContain(path.replaceAll(/\{(\w+)\}/g, ':$1'))
    for (const code of Object.keys(FAULT_TABLE)) expect(text).toContain(`id="${code}"`)
    for (const { entries } of ChatDown.options) expect(text).toContain(`<code>${entries.type.literal}</code>`)
    for (const most of ['5 at once', '100,000 a day', '3,600,000 a day']) expect(text).toContain(most)
    expect((await edge.request('/docs.css')).headers.get('content-type')).toContain('text/css')
  })

  it('[FRO11] /docs shows the clients of the examples, each by its name', async () => {
    const text = await (await edge.request('/docs')).text()
    for (const [name, lines] of Object.entries(EXAMPLES)) {
      const shown = text.split(`<summary><code>${name}</code></summary>`)[1]?.split('</details>')[0]
      expect(shown, name).toContain(String(html`${lines.join('\n')}`))
    }
  })

  it('[FRO12] /docs/client is the guide as HTML, and every link of it and of /docs leads somewhere', async () => {
    const guide = await edge.request('/docs/client')
    expect(guide.headers.get('content-type')).toContain('text/html')
    const texts: Record<string, string> = { '/docs/client': await guide.text() }
    texts['/docs'] = await (await edge.request('/docs')).text()
    for (const [from, text] of Object.entries(texts))
      for (const [, path = '', id] of text.matchAll(/href="([^"#]*)#?([^"]*)"/g)) {
        expect((await edge.request(path || from)).status, `${from}: ${path}`).toBe(200)
        if (id) expect(texts[path || from], `${from}: ${path}#${id}`).toContain(`id="${id}"`)
      }
  })

  it('[FRO6] /wires.json has each message as JSON Schema, and an example call whose messages the wire reads', async () => {
    const found = (await (await edge.request('/wires.json')).json()) as {
      wires: Array<{ subprotocol: string; up: { anyOf?: unknown[]; oneOf?: unknown[] } }>
    }
    expect(found.wires.map(({ subprotocol }) => subprotocol)).toEqual([
      'parley.chat.v1',
      'parley.node.v1',
      'parley.session.v1',
    ])
    const up = found.wires[0]?.up
    expect((up?.anyOf ?? up?.oneOf ?? []).length).toBe(ChatUp.options.length)
    for (const step of MINIMAL_CALL)
      if ('message' in step) expect(v.is(step.from === 'client' ? ChatUp : ChatDown, step.message)).toBe(true)
  })

  it('[FRO7] every route under /api and /v1 is described, with its answers and refusals', async () => {
    const { paths } = (await (await edge.request('/openapi.json')).json()) as {
      paths: Record<string, Record<string, { summary?: string; responses?: object; security?: unknown[] }>>
    }
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, one]) => ({ path, method, ...one })),
    )
    const own = createApp(fakePorts().ports).routes.filter(
      ({ path, method }) => /^\/(api|v1)\//.test(path) && method !== 'ALL',
    )
    expect(own.length).toBeGreaterThan(20)
    for (const { path, method } of own)
      expect(paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()], `${method} ${path}`).toBeDefined()
    for (const { summary, responses, security, path } of described) {
      expect(summary, path).toBeTruthy()
      expect(Object.keys(responses ?? {}), path).toContain('500')
      expect(security, path).toBeDefined()
    }
  })
})
