// Recordings of turns on this node's disk, by their hash, from the end of the turn until the edge has them. For nobody else to read.
import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DAY_MS } from '#shared/day.ts'
import { blobHashOf, isBlobHash, type BlobHash } from '#shared/blob.ts'

/** Older files belong to no turn that is still kept: the outbox has sent it without sound, or was cut. */
const MAX_AGE_MS = 7 * DAY_MS

export class RecordingFiles {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  async keep(bytes: Uint8Array<ArrayBuffer>): Promise<BlobHash> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const hash = await blobHashOf(bytes)
    const part = join(this.#folder, `${randomUUID()}.part`)
    const file = await open(part, 'wx', 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(part, join(this.#folder, hash))
    return hash
  }

  /** The sound of a part of a turn as it was heard or said, until it is encoded. */
  async keepRaw(name: string, pcm: Int16Array): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const bytes = new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength)
    await writeFile(join(this.#folder, `${name}.pcm`), bytes, { mode: 0o600, flush: true })
  }

  /** Undefined where it is gone. */
  async raw(name: string): Promise<Int16Array | undefined> {
    return readFile(join(this.#folder, `${name}.pcm`)).then(
      (bytes) => new Int16Array(new Uint8Array(bytes).buffer, 0, Math.floor(bytes.length / 2)),
      () => undefined,
    )
  }

  async dropRaw(name: string): Promise<void> {
    await rm(join(this.#folder, `${name}.pcm`), { force: true })
  }

  /** Undefined where it is gone. */
  async get(hash: BlobHash): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return readFile(join(this.#folder, hash)).then(
      (bytes) => new Uint8Array(bytes),
      () => undefined,
    )
  }

  async drop(hash: BlobHash): Promise<void> {
    await rm(join(this.#folder, hash), { force: true })
  }

  /** Removes what a killed node left. */
  async sweep(now: number): Promise<void> {
    const names = await readdir(this.#folder).catch(() => [])
    for (const name of names.filter((one) => isBlobHash(one) || one.endsWith('.part') || one.endsWith('.pcm'))) {
      const facts = await stat(join(this.#folder, name)).catch(() => undefined)
      if (facts && now - facts.mtimeMs > MAX_AGE_MS) await rm(join(this.#folder, name), { force: true })
    }
  }
}
