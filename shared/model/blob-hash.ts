// The name of a file of the blob store, as it crosses wires.
import * as v from 'valibot'
import { BLOB_HASH_PATTERN, isBlobHash, type BlobHash } from '#shared/blob.ts'

export const BlobHashSchema = v.pipe(
  v.string('not a SHA-256 in hex'),
  v.regex(BLOB_HASH_PATTERN, 'not a SHA-256 in hex'),
  v.guard((text: string): text is BlobHash => isBlobHash(text)),
)
