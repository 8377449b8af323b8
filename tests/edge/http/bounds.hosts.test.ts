// What bounds a request: failures of one address, tickets of one user, the size of a body.
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAX_BODY_BYTES } from '#edge/http/operation/read-input.ts'
import { faultIn, startTestEdge, type TestEdge } from './test-edge.ts'

describe('bounds of requests', () => {
  let edge: TestEdge
  beforeAll(async () => {
    edge = await startTestEdge({ trustProxy: true })
  })
  afterAll(() => edge.close())

  it('[LIM1] an address that fails too often is told to wait; a right key still opens, and so do other addresses', async () => {
    const { key } = await edge.newKey()
    const tryFrom = (address: string, given: string) =>
      edge.request('/api/me', { key: given, headers: edge.from(address) })
    const failed = await Promise.all(Array.from({ length: 25 }, () => tryFrom('192.0.2.1', 'pk_wrong')))
    const statuses = failed.map(({ status }) => status)
    expect(statuses.filter((status) => status === 401)).toHaveLength(20)
    const limited = failed.find(({ status }) => status === 429)
    expect(Number(limited?.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await faultIn(limited ?? failed[0] ?? Response.error())).toMatchObject({
      code: 'rate_limited',
      retryAfterMs: expect.any(Number),
    })
    expect((await tryFrom('192.0.2.1', key)).status).toBe(200)
    expect((await tryFrom('192.0.2.2', 'pk_wrong')).status).toBe(401)
  })

  it('[LIM2] a user gets a bounded number of tickets at once', async () => {
    const [one, other] = [await edge.newKey(), await edge.newKey()]
    const mint = (key: string) => edge.request('/api/tickets', { method: 'POST', key })
    const statuses: number[] = []
    // One each two seconds comes back: on a slow machine the first forty requests may all get one.
    while (!statuses.includes(429)) {
      const answers = await Promise.all(Array.from({ length: 40 }, () => mint(one.key)))
      statuses.push(...answers.map(({ status }) => status))
      expect(statuses.length).toBeLessThanOrEqual(400)
    }
    expect(statuses.filter((status) => status === 201).length).toBeGreaterThanOrEqual(30)
    expect(new Set(statuses)).toEqual(new Set([201, 429]))
    expect((await mint(other.key)).status).toBe(201)
  })

  it.each(['take', 'mint', 'burn', 'destroy', 'toJSON'])(
    '[DOL11] no address of the edge leads to the limits’ object: /do/call/%s',
    async (method) => {
      const content = { 'do-content': '["{}"]' }
      for (const prefix of ['', '/api', '/ws', '/node']) {
        const answer = await edge.request(`${prefix}/do/call/${method}`, { headers: content })
        expect([prefix, answer.status]).toEqual([prefix, 404])
      }
    },
  )

  it('[LIM3] a body over the limit is refused by the limit’s name, with a length and without', async () => {
    const body = JSON.stringify({ code: 'x'.repeat(MAX_BODY_BYTES) })
    const answer = await edge.request('/api/sign-in', { method: 'POST', body })
    expect(answer.status).toBe(413)
    expect(await faultIn(answer)).toEqual({
      code: 'too_large',
      message: 'A limit of size was passed.',
      limit: 'body',
      max: MAX_BODY_BYTES,
      got: body.length,
      unit: 'bytes',
    })
    expect(await postChunked(edge.url, body)).toMatch(/^HTTP\/1\.1 413 /)
  })
})

/** Sends a body of unknown length (RFC 9112 §7.1) and gives the head of the answer. */
function postChunked(url: string, body: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const head = `POST /api/sign-in HTTP/1.1\r\nhost: ${hostname}\r\ntransfer-encoding: chunked\r\n\r\n`
  socket.write(`${head}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`)
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('data', (bytes) => {
      resolve(bytes.toString())
      socket.destroy()
    })
  })
}
