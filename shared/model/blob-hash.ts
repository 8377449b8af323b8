// The name of a file of the blob store, as it crosses wires.
import * as v from 'valibot'
import { isBlobHash, type BlobHash } from '#shared/blob.ts'

export const BlobHashSchema = v.custom<BlobHash>(
  (value) => typeof value === 'string' && isBlobHash(value),
  'not a SHA-256 in hex',
)
