// Answers with a file of the blob store, whole or in part (RFC 9110 §14). Its callers have checked who may have it.
import type { Context } from 'hono'
import type { Blobs } from '#edge/ports.ts'
import type { BlobHash } from '#shared/blob.ts'
import { notFound } from '#shared/fault.ts'
import { readRange } from './byte-range.ts'

export async function giveBlob(
  c: Context,
  { blobs }: { blobs: Blobs },
  hash: BlobHash,
  mediaType = 'application/octet-stream',
): Promise<Response> {
  const found = await blobs.head(hash)
  if (!found) throw notFound('blob', hash)
  const { bytes } = found
  const headers = new Headers({
    'content-type': mediaType,
    'accept-ranges': 'bytes',
    etag: `"${hash}"`,
    // It may be a person's voice: no cache keeps it.
    'cache-control': 'no-store',
  })
  const range = readRange(c.req.header('range'), bytes)
  if (range === 'unsatisfiable') {
    headers.set('content-range', `bytes */${bytes}`)
    return new Response(null, { status: 416, headers })
  }
  headers.set('content-length', String(range?.length ?? bytes))
  if (range) headers.set('content-range', `bytes ${range.offset}-${range.offset + range.length - 1}/${bytes}`)
  // Hono answers HEAD by GET, and nobody would read or close the body.
  const body = c.req.method === 'HEAD' ? null : await blobs.get(hash, range)
  if (body === undefined) throw notFound('blob', hash)
  return new Response(body, { status: range ? 206 : 200, headers })
}
