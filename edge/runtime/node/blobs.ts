// Blobs on Node: a folder in the data folder, one file a blob under its hash. A file is written beside the others and renamed
// when it is whole and right, so that no reader ever sees a part of one. Only its owner can read folder and files.
import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Blobs } from '#edge/ports.ts'
import { blobParts, isBlobHash, WRONG_BLOB_HASH, type BlobHash } from '#shared/blob.ts'
import { FaultError } from '#shared/fault.ts'
import { makeDataFolder } from '#shared/on-node/data-folder.ts'

/** Of the running process; what others left here is swept. */
const INCOMING = 'incoming'
const OWNER_ONLY = 0o600

export function createBlobs(folder: string): Blobs {
  const incoming = join(folder, INCOMING)
  makeDataFolder(incoming)

  const head: Blobs['head'] = async (hash) => {
    const found = await orUndefined(stat(join(folder, hash)))
    return found && { bytes: found.size }
  }

  return {
    head,

    async put(hash, body) {
      const part = join(incoming, randomUUID())
      try {
        const written = await write(part, body)
        if (written.hash !== hash) throw new FaultError(WRONG_BLOB_HASH)
        const isNew = (await head(hash)) === undefined
        await rename(part, join(folder, hash))
        return { bytes: written.bytes, isNew }
      } finally {
        await rm(part, { force: true })
      }
    },

    async get(hash, range) {
      const file = await orUndefined(open(join(folder, hash)))
      if (!file) return undefined
      const within = range && { start: range.offset, end: range.offset + range.length - 1 }
      // The stream owns the file and closes it, also where its reader stops half way.
      const stream = createReadStream('', { fd: file, ...within })
      return Readable.toWeb(stream) as ReadableStream<Uint8Array<ArrayBuffer>>
    },

    delete: (hash) => rm(join(folder, hash), { force: true }),

    async sweep(before) {
      let swept = 0
      for (const name of await readdir(incoming)) {
        const found = await orUndefined(stat(join(incoming, name)))
        if (!found || found.mtimeMs >= before) continue
        await rm(join(incoming, name), { force: true })
        swept += 1
      }
      return swept
    },

    async putBefore(before, prefix) {
      const old: BlobHash[] = []
      for (const name of await readdir(folder)) {
        if (!name.startsWith(prefix) || !isBlobHash(name)) continue
        const found = await orUndefined(stat(join(folder, name)))
        if (found && found.mtimeMs < before) old.push(name)
      }
      return old
    },
  }
}

async function write(path: string, body: Parameters<Blobs['put']>[1]): Promise<{ hash: string; bytes: number }> {
  const file = await open(path, 'wx', OWNER_ONLY)
  try {
    const digest = createHash('sha256')
    let bytes = 0
    for await (const part of blobParts(body)) {
      digest.update(part)
      await file.writeFile(part)
      bytes += part.byteLength
    }
    // What a name promises must also be true after a power cut.
    await file.sync()
    return { hash: digest.digest('hex'), bytes }
  } finally {
    await file.close()
  }
}

async function orUndefined<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
