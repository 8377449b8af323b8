// Where files are kept that outlive a call. Part of ports.ts.
import type { BlobHash } from '#shared/blob.ts'

/**
 * Files by the SHA-256 of their content; edge/runtime/node keeps them in a folder, edge/runtime/workers in R2. What is there is
 * whole and right: a put that fails leaves nothing that get() or head() would find.
 */
export interface Blobs {
  /** Throws FaultError too_large over MAX_BLOB_BYTES, invalid_message where the content has another hash. */
  put(hash: BlobHash, body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<{ bytes: number; isNew: boolean }>
  head(hash: BlobHash): Promise<{ bytes: number } | undefined>
  /** The whole, or `length` bytes from `offset`, which must lie within it. */
  get(hash: BlobHash, range?: ByteRange): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | undefined>
  /** Also of one that is not there. */
  delete(hash: BlobHash): Promise<void>
  /** Removes what puts left that began before then and never ended; says how many. */
  sweep(before: number): Promise<number>
  /** Those whose names begin so and that were last put before then. */
  putBefore(before: number, prefix: string): Promise<BlobHash[]>
}

export interface ByteRange {
  offset: number
  length: number
}
