// GET and PUT /node/blobs/:sha256, with a node's token: how files pass between a node and what the edge keeps. A file never
// changes under its name, so there is nothing to agree on but its bytes.
import { Hono, type Context } from 'hono'
import type { EdgePorts } from '#edge/ports.ts'
import { blobTooLarge, isBlobHash, MAX_BLOB_BYTES, type BlobHash } from '#shared/blob.ts'
import { FaultError, notFound } from '#shared/fault.ts'
import { nodeOf } from '#edge/http/access/auth.ts'
import { giveBlob } from '#edge/http/plumbing/give-blob.ts'
import { unbroken } from '#edge/http/plumbing/unbroken.ts'

interface BlobPorts extends Pick<EdgePorts, 'blobs'> {
  store: Pick<EdgePorts['store'], 'nodes'>
}

const ADDRESS = '/node/blobs/:sha256'

export function nodeBlobRoutes(ports: BlobPorts): Hono {
  const app = new Hono()
  app.get(ADDRESS, async (c) => {
    await nodeOf(c, ports)
    return giveBlob(c, ports, hashOf(c))
  })
  app.put(ADDRESS, async (c) => {
    await nodeOf(c, ports)
    return take(c, ports)
  })
  return app
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
