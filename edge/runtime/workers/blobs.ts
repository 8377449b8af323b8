// Blobs on Workers: the R2 bucket of wrangler.toml, one object a blob under its hash. R2 makes an object visible when it is
// whole. A body is held in memory first, because R2 wants its length beforehand and WebCrypto has no hash of a stream:
// MAX_BLOB_BYTES is less than a tenth of PLATFORM_ISOLATE_BYTES, and only nodes send bodies of that size.
import type { Blobs } from '#edge/ports.ts'
import { blobHashOf, blobParts, isBlobHash, MAX_BLOB_BYTES, WRONG_BLOB_HASH, type BlobHash } from '#shared/blob.ts'
import { FaultError } from '#shared/fault.ts'

/** Of 1,000 names: of all the files that begin alike, more than a house has. */
const MAX_PAGES = 20

export function createBlobs(bucket: R2Bucket): Blobs {
  const head: Blobs['head'] = async (hash) => {
    const found = await bucket.head(hash)
    return found === null ? undefined : { bytes: found.size }
  }

  return {
    head,

    async put(hash, body) {
      const bytes = await readAll(body)
      if ((await blobHashOf(bytes)) !== hash) throw new FaultError(WRONG_BLOB_HASH)
      const isNew = (await head(hash)) === undefined
      // R2 checks it once more: what is stored is what was read here.
      await bucket.put(hash, bytes, { sha256: hash })
      return { bytes: bytes.byteLength, isNew }
    },

    async get(hash, range) {
      const found = await bucket.get(hash, range && { range })
      return found?.body
    },

    delete: (hash) => bucket.delete(hash),

    // A put that did not end has left nothing.
    sweep: () => Promise.resolve(0),

    async putBefore(before, prefix) {
      const old: BlobHash[] = []
      for (let cursor: string | undefined, pages = 0; pages < MAX_PAGES; pages++) {
        const page = await bucket.list({ prefix, ...(cursor !== undefined && { cursor }) })
        for (const { key, uploaded } of page.objects) if (uploaded.getTime() < before && isBlobHash(key)) old.push(key)
        if (!page.truncated) break
        cursor = page.cursor
      }
      return old
    },
  }
}

async function readAll(body: Parameters<Blobs['put']>[1]): Promise<Uint8Array<ArrayBuffer>> {
  // Once, and large enough: collected parts and their sum would be there at the same time.
  const held = new Uint8Array(MAX_BLOB_BYTES)
  let bytes = 0
  for await (const part of blobParts(body)) {
    held.set(part, bytes)
    bytes += part.byteLength
  }
  return held.subarray(0, bytes)
}
