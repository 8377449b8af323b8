// GET and PUT /node/blobs/:sha256, with a node's token: how files pass between a node and what the edge keeps. A file never
// changes under its name, so there is nothing to agree on but its bytes.
import { Hono, type Context } from 'hono'
import type { EdgePorts } from '#edge/ports.ts'
import { blobTooLarge, isBlobHash, MAX_BLOB_BYTES, type BlobHash } from '#shared/blob.ts'
import { FaultError, notFound } from '#shared/fault.ts'
import { nodeOf } from './auth.ts'
import { readRange } from './byte-range.ts'
import { unbroken } from './read-body.ts'

interface BlobPorts extends Pick<EdgePorts, 'blobs'> {
  store: Pick<EdgePorts['store'], 'nodes'>
}

const ADDRESS = '/node/blobs/:sha256'

export function nodeBlobRoutes(ports: BlobPorts): Hono {
  const app = new Hono()
  app.get(ADDRESS, async (c) => {
    await nodeOf(c, ports)
    return give(c, ports)
  })
  app.put(ADDRESS, async (c) => {
    await nodeOf(c, ports)
    return take(c, ports)
  })
  return app
}

async function give(c: Context, { blobs }: BlobPorts): Promise<Response> {
  const hash = hashOf(c)
  const found = await blobs.head(hash)
  if (!found) throw notFound('blob', hash)
  const { bytes } = found
  const headers = new Headers({
    'content-type': 'application/octet-stream',
    'accept-ranges': 'bytes',
    etag: `"${hash}"`,
    // It may be somebody's voice.
    'cache-control': 'no-store',
  })
  const range = readRange(c.req.header('range'), bytes)
  if (range === 'unsatisfiable') {
    headers.set('content-range', `bytes */${bytes}`)
    return new Response(null, { status: 416, headers })
  }
  headers.set('content-length', String(range?.length ?? bytes))
  if (range) headers.set('content-range', `bytes ${range.offset}-${range.offset + range.length - 1}/${bytes}`)
  // Hono answers HEAD by GET: nobody would read, or close, the body.
  const body = c.req.method === 'HEAD' ? null : await blobs.get(hash, range)
  if (body === undefined) throw notFound('blob', hash)
  return new Response(body, { status: range ? 206 : 200, headers })
}

async function take(c: Context, { blobs }: BlobPorts): Promise<Response> {
  const hash = hashOf(c)
  const announced = Number(c.req.header('content-length') ?? 0)
  if (announced > MAX_BLOB_BYTES) throw new FaultError(blobTooLarge(announced))
  const body = c.req.raw.body ?? new Blob([]).stream()
  const { bytes, isNew } = await unbroken(() => blobs.put(hash, body))
  return c.json({ sha256: hash, bytes }, isNew ? 201 : 200)
}

function hashOf(c: Context): BlobHash {
  const text = c.req.param('sha256') ?? ''
  if (!isBlobHash(text)) throw notFound('blob', text)
  return text
}
