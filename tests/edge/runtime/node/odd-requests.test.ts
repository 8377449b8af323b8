// Requests that no well-behaved client sends, over plain TCP on a real edge: each gets its answer, and the edge lives on.
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openHttpServer } from '#edge/runtime/node/http-server.ts'
import { systemClock } from '#shared/clock.ts'
import { silentLog, type Log } from '#shared/log.ts'
import { startTestEdge, type TestEdge } from '#tests/edge/http/test-edge.ts'
import { firstAnswer, hungUp, open, reset, send, statusOf, UPGRADE } from './raw-request.ts'

describe('odd requests', () => {
  let edge: TestEdge
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-odd-'))
    mkdirSync(join(folder, 'dist'))
    writeFileSync(join(folder, 'dist', 'index.html'), '<!doctype html>')
    writeFileSync(join(folder, 'secret'), 'beside the page')
    edge = await startTestEdge({}, { dist: join(folder, 'dist') })
  })
  afterAll(async () => {
    await edge.close()
    rmSync(folder, { recursive: true })
  })
  const isAlive = async () => (await edge.request('/health')).status === 200

  it.each(['h2c', 'TLS/1.0', 'websocket2'])(
    '[SEC1] an upgrade to %s is answered as a plain request, and its reset ends nothing',
    async (protocol) => {
      const headers = ['host: x', 'connection: Upgrade', `upgrade: ${protocol}`]
      expect(statusOf(await send(edge.url, 'GET /health HTTP/1.1', headers))).toBe(200)
      const socket = open(edge.url)
      socket.write(['GET /health HTTP/1.1', ...headers, '', ''].join('\r\n'))
      await once(socket, 'data')
      await reset(socket)
      expect(await isAlive()).toBe(true)
    },
  )

  it.each(['/health', '/ws/chat', '/node/control', '/node/session/ses_abc'])(
    '[SEC1] an upgrade of %s whose socket is reset at once ends nothing',
    async (path) => {
      const socket = open(edge.url)
      await once(socket, 'connect')
      socket.write([`GET ${path} HTTP/1.1`, 'host: x', ...UPGRADE, '', ''].join('\r\n'))
      await reset(socket)
      expect(await isAlive()).toBe(true)
    },
  )

  interface Odd {
    what: string
    line?: string
    headers: string[]
    body?: string
    status: number
  }
  it.each<Odd>([
    { what: 'a host that is none', headers: ['host: a b/c'], status: 400 },
    { what: 'no host', headers: [], status: 400 },
    { what: 'headers of 20 kB', headers: ['host: x', `x: ${'a'.repeat(20_000)}`], status: 431 },
    { what: 'an upgrade without host', line: 'GET /ws/chat', headers: UPGRADE, status: 426 },
    { what: 'an upgrade of no route', line: 'GET /api/nothing', headers: ['host: x', ...UPGRADE], status: 404 },
    { what: 'an upgrade of a route for POST', line: 'GET /api/tickets', headers: ['host: x', ...UPGRADE], status: 405 },
    { what: 'a path with backslashes', line: 'GET /..\\..\\secret', headers: ['host: x'], status: 400 },
    { what: 'a foreign absolute address', line: 'GET http://evil.example/api/me', headers: ['host: x'], status: 401 },
    { what: 'the server as a whole', line: 'OPTIONS *', headers: ['host: x'], status: 400 },
    {
      what: 'a cookie that is none',
      line: 'GET /api/me',
      headers: ['host: x', 'cookie: parley_session=%E0'],
      status: 401,
    },
    {
      what: 'two lengths',
      line: 'POST /api/sign-in',
      headers: ['host: x', 'content-length: 1', 'transfer-encoding: chunked'],
      body: '0',
      status: 400,
    },
    { what: 'no HTTP at all', line: '\u0016\u0003\u0001', headers: [], status: 400 },
  ])('[SEC2] $what is refused with $status', async ({ line = 'GET /health', headers, body, status }) => {
    expect(statusOf(await send(edge.url, `${line} HTTP/1.1`, headers, body))).toBe(status)
    expect(await isAlive()).toBe(true)
  })

  it.each([
    '/../secret',
    '/..%2fsecret',
    '/%2e%2e/secret',
    '/%2e%2e%2fsecret',
    '//../secret',
    '/assets/../../secret',
    '/secret%00',
  ])('[SEC3] %s gives nothing from beside the page', async (path) => {
    const answer = await send(edge.url, `GET ${path} HTTP/1.1`, ['host: x'])
    expect(statusOf(answer)).toBe(404)
    expect(answer).not.toContain('beside the page')
  })

  it('[SEC4] a body is refused as soon as it is too long, while its end is still to come', async () => {
    const socket = open(edge.url)
    socket.write('POST /api/sign-in HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n')
    socket.write(`${(70_000).toString(16)}\r\n${'x'.repeat(70_000)}\r\n`)
    expect(statusOf(await firstAnswer(socket))).toBe(413)
  })
})

describe('peers that leave', () => {
  it('[SEC6] hanging up in the middle of a body is no bug of ours', async () => {
    const bugs: string[] = []
    const answered = Promise.withResolvers<void>()
    const log: Log = {
      ...silentLog,
      error: (_facts, message) => void bugs.push(message),
      debug: (_facts, message) => void (message === 'a request was refused' && answered.resolve()),
    }
    const edge = await startTestEdge({}, { log: { ...log, child: () => log } })
    const socket = open(edge.url)
    socket.write('POST /api/sign-in HTTP/1.1\r\nhost: x\r\ncontent-length: 40\r\n\r\n{"code":')
    await once(socket, 'connect')
    await edge.request('/health')
    await reset(socket)
    await answered.promise
    await edge.close()
    expect(bugs).toEqual([])
  })

  it.each(['zz\r\nhello\r\n', '5\r\nhelloXX\r\n'])(
    '[HOS1] chunks like %j are a 400 in the metrics and no bug in the log',
    async (chunks) => {
      const bugs: string[] = []
      let done = Promise.withResolvers<unknown>()
      const log: Log = {
        ...silentLog,
        error: (_facts, message) => void bugs.push(message),
        debug: (facts, message) => void (message === 'request' && facts['method'] === 'POST' && done.resolve(facts)),
      }
      const metricsToken = 'scraper-scraper-scraper'
      const edge = await startTestEdge({ metricsToken }, { log: { ...log, child: () => log } })
      const { key } = await edge.newKey(['admin'])
      for (const path of ['/api/sign-in', '/api/keys', '/api/voice-profiles']) {
        done = Promise.withResolvers()
        const socket = open(edge.url).resume()
        const head = `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n`
        const form = 'content-type: multipart/form-data; boundary=x\r\ntransfer-encoding: chunked\r\n\r\n'
        socket.write(head + form + chunks)
        expect(await done.promise).toMatchObject({ route: path, status: 400 })
      }
      const counted = await (await edge.request('/metrics', { key: metricsToken })).text()
      expect(counted).toMatch(/http_requests.*status="400"/)
      expect(counted).not.toMatch(/http_requests.*status="500"/)
      await edge.close()
      expect(bugs).toEqual([])
    },
  )
})

describe('peers that take their time', () => {
  it('[SEC5] who does not finish headers or body in time is hung up on', async () => {
    const app = new Hono().post('/', async (c) => c.text(await c.req.text().catch(() => 'broke off')))
    const patience = { headersMs: 50, requestMs: 100, checkEveryMs: 10 }
    const server = await openHttpServer(app.fetch, {
      host: '127.0.0.1',
      port: 0,
      clock: systemClock,
      log: silentLog,
      patience,
    })
    const slow = open(server.url)
    slow.write('GET / HTTP/1.1\r\nhost: x\r\nx-')
    const slower = open(server.url)
    slower.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc')
    await Promise.all([hungUp(slow), hungUp(slower)])
    await server.close()
  })
})
