// Files of voices on this node's disk: references that sessions speak with, kept by their hash, the longest unused going first. A cache:
// the edge's blob store has the originals. Nobody else may read them.
import { randomUUID } from 'node:crypto'
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { blobHashOf, isBlobHash, type BlobHash } from '#shared/blob.ts'
import type { BlobClient } from '#gpu-node/blob-client.ts'

/** Some hundred voices of 12 s. */
export const MAX_CACHED_BYTES = 64 * 1024 * 1024

export class VoiceFiles {
  readonly #folder: string
  readonly #blobs: BlobClient
  readonly #maxBytes: number

  constructor(options: { folder: string; blobs: BlobClient; maxBytes?: number }) {
    this.#folder = options.folder
    this.#blobs = options.blobs
    this.#maxBytes = options.maxBytes ?? MAX_CACHED_BYTES
  }

  /** Reads a reference from the disk, or else from the edge. Throws the FaultErrors of BlobClient.get. */
  async get(hash: BlobHash, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    return (await this.#cached(hash)) ?? this.#fetched(hash, signal)
  }

  async forget(hash: BlobHash): Promise<void> {
    await rm(this.#path(hash), { force: true })
  }

  /** Removes uploads that a node left because it was killed while it decoded: files from before `startedAt`. */
  async sweep(startedAt: number): Promise<void> {
    const names = await readdir(this.#folder).catch(() => [])
    for (const name of names.filter((one) => one.endsWith('.part'))) {
      const facts = await stat(join(this.#folder, name)).catch(() => undefined)
      if (facts && facts.mtimeMs < startedAt) await rm(join(this.#folder, name), { force: true })
    }
  }

  /** For a program that reads it; gone afterwards. */
  async withFile<T>(bytes: Uint8Array, use: (path: string) => Promise<T>): Promise<T> {
    await this.#makeFolder()
    const path = join(this.#folder, `${randomUUID()}.part`)
    try {
      await writeFile(path, bytes, { mode: 0o600, flag: 'wx' })
      return await use(path)
    } finally {
      await rm(path, { force: true })
    }
  }

  async #cached(hash: BlobHash): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const path = this.#path(hash)
    try {
      const bytes = new Uint8Array(await readFile(path))
      // A disk that was full, or a hand that was in it.
      if ((await blobHashOf(bytes)) !== hash) {
        await rm(path, { force: true })
        return undefined
      }
      const now = new Date()
      await utimes(path, now, now).catch(() => {})
      return bytes
    } catch {
      return undefined
    }
  }

  async #fetched(hash: BlobHash, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.#blobs.get(hash, signal)
    await this.#makeFolder()
    const part = join(this.#folder, `${randomUUID()}.part`)
    const file = await open(part, 'wx', 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(part, this.#path(hash))
    await this.#trim()
    return bytes
  }

  async #makeFolder(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await chmod(this.#folder, 0o700)
  }

  async #trim(): Promise<void> {
    const names = (await readdir(this.#folder)).filter(isBlobHash)
    const files = await Promise.all(
      names.map(async (name) => {
        const facts = await stat(join(this.#folder, name)).catch(() => undefined)
        return { name, size: facts?.size ?? 0, usedAt: facts?.mtimeMs ?? 0 }
      }),
    )
    let total = 0
    for (const { name, size } of files.toSorted((a, b) => b.usedAt - a.usedAt)) {
      total += size
      if (total > this.#maxBytes) await this.forget(name)
    }
  }

  /** A hash says no path. */
  #path(hash: BlobHash): string {
    return join(this.#folder, hash)
  }
}
