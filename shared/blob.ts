// Files that edge and node keep for each other (voice samples, the audio of turns): what they are called, how large
// they may be and how one is read. A name is the SHA-256 of the content, so that it can be checked and never means two
// things.
import { FaultError, invalidFault, type Fault } from './fault.ts'

/** The longest utterance and the largest voice sample (architecture: limits of input). */
export const MAX_BLOB_BYTES = 10 * 1024 * 1024

/** SHA-256 in lower-case hex: no path can be said with it. */
export type BlobHash = string & { readonly kind: 'sha256' }

export const BLOB_HASH_PATTERN = /^[0-9a-f]{64}$/
export const isBlobHash = (text: string): text is BlobHash => BLOB_HASH_PATTERN.test(text)

export async function blobHashOf(bytes: Uint8Array<ArrayBuffer>): Promise<BlobHash> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('') as BlobHash
}

export const blobTooLarge = (got: number): Fault => ({
  code: 'too_large',
  limit: 'blob',
  max: MAX_BLOB_BYTES,
  got,
  unit: 'bytes',
})

/** The content is not what its name says: it was damaged on the way, or is something else. */
export const WRONG_BLOB_HASH: Fault = invalidFault('body: its SHA-256 is not the one in the address')

/** The parts as they come. Throws FaultError too_large at the first byte too many, and reads no further. */
export async function* blobParts(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader()
  let got = 0
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      got += read.value.byteLength
      if (got > MAX_BLOB_BYTES) throw new FaultError(blobTooLarge(got))
      yield read.value
    }
  } finally {
    // Of a body that was read to its end, or that broke off, there is nothing left to cancel.
    await reader.cancel().catch(() => {})
  }
}
