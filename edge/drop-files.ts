// Removes files whose last name is gone. Not one step with the rows that named them: where the same content comes again in between,
// its file may go, and is there again with the next upload. Used by routes, jobs and upkeep.
import type { BlobHash } from '#shared/blob.ts'
import type { Blobs } from './ports.ts'
import type { Store } from '#edge/store/store.ts'

/** A statement has room for so many names. */
const NAMES_AT_ONCE = 400

/** Of these files, those that nothing names any more. How many are gone. */
export async function dropFiles(
  { store, blobs }: { store: { voices: Pick<Store['voices'], 'unnamed'> }; blobs: Pick<Blobs, 'delete'> },
  files: readonly BlobHash[],
): Promise<number> {
  let dropped = 0
  for (let at = 0; at < files.length; at += NAMES_AT_ONCE)
    for (const hash of await store.voices.unnamed(files.slice(at, at + NAMES_AT_ONCE))) {
      await blobs.delete(hash)
      dropped++
    }
  return dropped
}
