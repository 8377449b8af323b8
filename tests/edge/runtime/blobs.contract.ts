// The contract of the port Blobs, run against each implementation: a folder on Node, R2 on workerd. Each test has contents of its
// own, for one Blobs may serve all tests.
import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Blobs } from '#edge/ports.ts'
import { blobHashOf, MAX_BLOB_BYTES, type BlobHash } from '#shared/blob.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** A body in parts, as a network delivers one; `taken` counts what was asked for. */
export function inParts(bytes: Bytes, partBytes = 64 * 1024): { body: ReadableStream<Bytes>; taken: () => number } {
  let at = 0
  const body = new ReadableStream<Bytes>({
    pull(controller) {
      if (at >= bytes.byteLength) return controller.close()
      controller.enqueue(bytes.slice(at, at + partBytes))
      at += partBytes
    },
  })
  return { body, taken: () => at }
}

export const fresh = (bytes: number): Bytes => new Uint8Array(randomBytes(bytes))
const none = (): ReadableStream<Bytes> => inParts(new Uint8Array(0)).body

export async function contentOf(body: ReadableStream<Bytes> | undefined): Promise<Bytes | undefined> {
  return body && new Uint8Array(await new Response(body).arrayBuffer())
}

export function blobsContract(name: string, open: () => Blobs): void {
  describe(`blobs: ${name}`, () => {
    let blobs: Blobs
    beforeEach(() => {
      blobs = open()
    })
    const keep = async (bytes: Bytes): Promise<BlobHash> => {
      const hash = await blobHashOf(bytes)
      await blobs.put(hash, inParts(bytes).body)
      return hash
    }

    it.each([1, 1_000, 300_000, MAX_BLOB_BYTES])('[BLB1] %i bytes are kept and given back', async (size) => {
      const bytes = fresh(size)
      const hash = await blobHashOf(bytes)
      expect(await blobs.head(hash)).toBeUndefined()
      expect(await blobs.get(hash)).toBeUndefined()
      expect(await blobs.put(hash, inParts(bytes).body)).toEqual({ bytes: size, isNew: true })
      expect(await blobs.head(hash)).toEqual({ bytes: size })
      expect(Buffer.compare((await contentOf(await blobs.get(hash))) ?? fresh(1), bytes)).toBe(0)
    })

    it('[BLB16] names are listed by their beginning and age', async () => {
      const hash = await keep(fresh(50))
      const now = Date.now()
      const prefix = hash.slice(0, 2)
      expect(await blobs.putBefore(now + 60_000, prefix)).toContain(hash)
      expect(await blobs.putBefore(now - 60_000, prefix)).not.toContain(hash)
      expect(await blobs.putBefore(now + 60_000, hash.startsWith('0') ? '1' : '0')).not.toContain(hash)
      await blobs.delete(hash)
      expect(await blobs.putBefore(now + 60_000, prefix)).not.toContain(hash)
    })

    it('[BLB1] an empty file is a file', async () => {
      const hash = await blobHashOf(new Uint8Array(0))
      await blobs.put(hash, none())
      expect(await blobs.head(hash)).toEqual({ bytes: 0 })
      expect(await contentOf(await blobs.get(hash))).toEqual(new Uint8Array(0))
    })

    it('[BLB2] content that does not hash to its name is refused and leaves nothing', async () => {
      const hash = await blobHashOf(fresh(8))
      const refused = { fault: { code: 'invalid_message', issues: [expect.stringContaining('SHA-256')] } }
      await expect(blobs.put(hash, inParts(fresh(8)).body)).rejects.toMatchObject(refused)
      await expect(blobs.put(hash, none())).rejects.toMatchObject(refused)
      expect(await blobs.head(hash)).toBeUndefined()
      expect(await blobs.get(hash)).toBeUndefined()
    })

    it('[BLB3] a file over 10 MiB is refused by the limit and leaves nothing', async () => {
      const bytes = new Uint8Array(MAX_BLOB_BYTES + 1)
      const hash = await blobHashOf(bytes)
      const limit = { code: 'too_large', limit: 'blob', max: 10 * 1024 * 1024, unit: 'bytes' }
      await expect(blobs.put(hash, inParts(bytes).body)).rejects.toMatchObject({ fault: limit })
      expect(await blobs.head(hash)).toBeUndefined()
    })

    it('[BLB4] a part is given by its offset and length', async () => {
      const bytes = fresh(100_000)
      const hash = await keep(bytes)
      for (const [offset, length] of [
        [0, 1],
        [99_999, 1],
        [0, 100_000],
        [40_000, 30_000],
      ] as const)
        expect(await contentOf(await blobs.get(hash, { offset, length }))).toEqual(bytes.slice(offset, offset + length))
    })

    it('[BLB5] the same file put again is the same file', async () => {
      const bytes = fresh(10)
      const hash = await keep(bytes)
      expect(await blobs.put(hash, inParts(bytes).body)).toEqual({ bytes: 10, isNew: false })
      await Promise.all(Array.from({ length: 5 }, () => blobs.put(hash, inParts(bytes, 3).body)))
      expect(await contentOf(await blobs.get(hash))).toEqual(bytes)
    })

    it('[BLB6] a deleted file is gone, and deleting it again is no error', async () => {
      const [hash, other] = [await keep(fresh(10)), await keep(fresh(10))]
      await blobs.delete(hash)
      await blobs.delete(hash)
      expect(await blobs.head(hash)).toBeUndefined()
      expect(await blobs.get(hash)).toBeUndefined()
      expect(await blobs.head(other)).toEqual({ bytes: 10 })
    })

    it('[BLB8] sweeping takes no file that is whole', async () => {
      const hash = await keep(fresh(10))
      expect(await blobs.sweep(Date.now() + 60_000)).toBe(0)
      expect(await blobs.head(hash)).toEqual({ bytes: 10 })
    })
  })
}
