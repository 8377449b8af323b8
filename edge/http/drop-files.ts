// Removes files whose last name is gone. Not one step with the rows that named them: where the same content comes again in between,
// its file may go, and is there again with the next upload.
import type { EdgePorts } from '#edge/ports.ts'
import type { BlobHash } from '#shared/blob.ts'

export async function dropFiles(
  { store, blobs }: Pick<EdgePorts, 'blobs'> & { store: Pick<EdgePorts['store'], 'voices'> },
  files: readonly BlobHash[],
): Promise<void> {
  for (const hash of await store.voices.unnamed(files)) await blobs.delete(hash)
}
