// Removes files that no row names any more. This is not one step with the deletion of the rows: if the same content is
// uploaded in between, its file may be removed, and comes back with the next upload. Used by routes and tasks.
import type { BlobHash } from '#shared/blob.ts'
import type { Blobs } from './ports.ts'
import type { Store } from '#edge/store/store.ts'

/** Names in one SQL statement. */
const NAMES_AT_ONCE = 400

/** Removes those of the files that nothing names any more. Returns how many it removed. */
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
