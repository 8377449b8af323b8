// Files of the edge's blob store, fetched and brought with this node's token. What comes is checked against its name.
import { blobHashOf, blobParts, MAX_BLOB_BYTES, type BlobHash } from '#shared/blob.ts'
import { FaultError, notFound } from '#shared/fault.ts'

/** MAX_BLOB_BYTES over a slow line at home take as long. */
const TRANSFER_MS = 60_000
const RETRY_AFTER_MS = 5_000

export interface BlobClient {
  /** Throws FaultError not_found, unavailable, too_large. */
  get(hash: BlobHash, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>
  /** Gives its name. Throws FaultError unavailable, too_large. */
  put(bytes: Uint8Array<ArrayBuffer>, signal?: AbortSignal): Promise<BlobHash>
}

/** `edgeUrl`: ws: or wss:, without a path. */
export function createBlobClient({ edgeUrl, token }: { edgeUrl: string; token: string }): BlobClient {
  const address = (hash: BlobHash): string => `${edgeUrl.replace(/^ws/, 'http')}/node/blobs/${hash}`
  const headers = { authorization: `Bearer ${token}` }
  const within = (signal: AbortSignal | undefined): AbortSignal =>
    AbortSignal.any([AbortSignal.timeout(TRANSFER_MS), ...(signal ? [signal] : [])])

  return {
    async get(hash, signal) {
      const answer = await reached(() => fetch(address(hash), { headers, signal: within(signal) }))
      if (answer.status === 404) throw notFound('blob', hash)
      if (!answer.ok || !answer.body) throw unavailable(new Error(`status ${answer.status}`))
      const parts: Uint8Array<ArrayBuffer>[] = []
      const { body } = answer
      await reached(async () => {
        for await (const part of blobParts(body)) parts.push(part)
      })
      const bytes = new Uint8Array(await new Blob(parts).arrayBuffer())
      if ((await blobHashOf(bytes)) !== hash) throw unavailable(new Error('the file is not what its name says'))
      return bytes
    },

    async put(bytes, signal) {
      const { byteLength: got } = bytes
      if (got > MAX_BLOB_BYTES)
        throw new FaultError({ code: 'too_large', limit: 'blob', max: MAX_BLOB_BYTES, got, unit: 'bytes' })
      const hash = await blobHashOf(bytes)
      const init = { method: 'PUT', headers, body: bytes, signal: within(signal) }
      const answer = await reached(() => fetch(address(hash), init))
      // An answer that is not read holds its connection.
      await answer.body?.cancel()
      if (!answer.ok) throw unavailable(new Error(`status ${answer.status}`))
      return hash
    },
  }
}

async function reached<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    throw error instanceof FaultError ? error : unavailable(error)
  }
}

const unavailable = (cause: unknown): FaultError =>
  new FaultError({ code: 'unavailable', what: 'edge', retryAfterMs: RETRY_AFTER_MS }, { cause })
