// GET and PUT /node/blobs/:sha256 on both hosts: who may, what is checked, and parts of files.
import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAX_BLOB_BYTES } from '#shared/blob.ts'
import { contentOf, fresh } from '#tests/edge/runtime/blobs.contract.ts'
import { faultIn, startTestEdge, type TestEdge } from './test-edge.ts'

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

describe('the blobs of nodes', () => {
  let edge: TestEdge
  let token: string
  beforeAll(async () => {
    edge = await startTestEdge()
    token = (await edge.store.nodes.addNode({ name: 'box', now: Date.now() })).token
  })
  afterAll(() => edge.close())
  const put = (hash: string, body: Uint8Array<ArrayBuffer>, key = token) =>
    edge.request(`/node/blobs/${hash}`, { method: 'PUT', body, key })
  const get = (hash: string, headers: Record<string, string> = {}, method = 'GET') =>
    edge.request(`/node/blobs/${hash}`, { method, key: token, headers })

  it('[BLB10] a node puts a file and gets it back, byte for byte; the second time it is there already', async () => {
    const bytes = fresh(500_000)
    const hash = hashOf(bytes)
    expect((await get(hash)).status).toBe(404)
    const first = await put(hash, bytes)
    expect([first.status, await first.json()]).toEqual([201, { sha256: hash, bytes: 500_000 }])
    expect((await put(hash, bytes)).status).toBe(200)
    const answer = await get(hash)
    expect(answer.headers.get('content-length')).toBe('500000')
    expect(answer.headers.get('etag')).toBe(`"${hash}"`)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(hashOf((await contentOf(answer.body ?? undefined)) ?? fresh(1))).toBe(hash)
    const head = await get(hash, {}, 'HEAD')
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '500000', ''])
  })

  it('[BLB10] the largest file that is allowed passes', async () => {
    const bytes = fresh(MAX_BLOB_BYTES)
    const hash = hashOf(bytes)
    expect((await put(hash, bytes)).status).toBe(201)
    expect(hashOf((await contentOf((await get(hash)).body ?? undefined)) ?? fresh(1))).toBe(hash)
  })

  it('[BLB11] only a node that is not revoked may: no token, a wrong one and a caller’s key are refused', async () => {
    const bytes = fresh(10)
    const hash = hashOf(bytes)
    await put(hash, bytes)
    const { key } = await edge.newKey(['talk', 'history:read', 'admin'])
    const gone = await edge.store.nodes.addNode({ name: 'gone', now: Date.now() })
    await edge.store.nodes.revokeNode(gone.nodeId, Date.now())
    for (const given of [undefined, 'nt_wrong', key, gone.token])
      for (const method of ['GET', 'PUT', 'HEAD']) {
        const body = method === 'PUT' ? { body: bytes } : {}
        const answer = await edge.request(`/node/blobs/${hash}`, { method, ...body, ...(given && { key: given }) })
        expect([method, answer.status]).toEqual([method, 401])
      }
  })

  it('[BLB12] content of another hash is refused in words that say so, and is not kept', async () => {
    const hash = hashOf(fresh(10))
    const answer = await put(hash, fresh(10))
    expect(answer.status).toBe(400)
    expect(await faultIn(answer)).toMatchObject({
      code: 'invalid_message',
      issues: ['body: its SHA-256 is not the one in the address'],
    })
    expect((await get(hash)).status).toBe(404)
  })

  it.each([`content-length: ${MAX_BLOB_BYTES + 1}`, 'transfer-encoding: chunked'])(
    '[BLB13] a file over the limit is refused by the limit’s name, with %s',
    async (framing) => {
      const answer = await putRaw(edge.url, token, framing, MAX_BLOB_BYTES + 1)
      expect(answer).toMatch(/^HTTP\/1\.1 413 /)
      expect(answer).toContain(`"limit":"blob","max":${MAX_BLOB_BYTES}`)
    },
  )

  it.each(['', 'abc', 'A'.repeat(64), '..%2f..%2fedge.db', `${'a'.repeat(64)}.part`, 'incoming', '%00'])(
    '[BLB14] %j names no file',
    async (name) => {
      expect((await get(name)).status).toBe(404)
      expect((await put(name, fresh(1))).status).toBe(404)
    },
  )

  it('[BLB15] a part is asked for by a range; one that lies behind the end is 416 with the size', async () => {
    const bytes = fresh(1_000)
    const hash = hashOf(bytes)
    await put(hash, bytes)
    for (const [range, first, last] of [
      ['bytes=0-9', 0, 9],
      ['bytes=990-', 990, 999],
      ['bytes=-1', 999, 999],
      ['bytes=500-5000', 500, 999],
    ] as const) {
      const answer = await get(hash, { range })
      expect(answer.status).toBe(206)
      expect(answer.headers.get('content-range')).toBe(`bytes ${first}-${last}/1000`)
      expect(await contentOf(answer.body ?? undefined)).toEqual(bytes.slice(first, last + 1))
    }
    const behind = await get(hash, { range: 'bytes=1000-' })
    expect([behind.status, behind.headers.get('content-range')]).toEqual([416, 'bytes */1000'])
    expect((await get(hash, { range: 'bytes=0-1,4-5' })).status).toBe(200)
  })
})

/** A PUT as a stranger would write it; gives what is answered, before or after the end of the body. */
function putRaw(url: string, token: string, framing: string, bytes: number): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const head = [`PUT /node/blobs/${'a'.repeat(64)} HTTP/1.1`, `host: ${hostname}`, `authorization: Bearer ${token}`]
  socket.write(`${[...head, framing].join('\r\n')}\r\n\r\n`)
  const isChunked = framing.includes('chunked')
  if (isChunked) socket.write(`${bytes.toString(16)}\r\n`)
  socket.write(new Uint8Array(bytes))
  if (isChunked) socket.write('\r\n0\r\n\r\n')
  return new Promise((resolve, reject) => {
    // An answer that came before the end of the body may be followed by a reset.
    socket.on('error', reject)
    let answer = ''
    socket.on('data', (part: Buffer) => {
      answer += part.toString()
      if (!answer.includes('"fault"')) return
      resolve(answer)
      socket.destroy()
    })
  })
}
