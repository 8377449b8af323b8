// One file into a backup and out of it again: packed with zstd, hashed on the way, on the disk before it counts. Knows no manifest.
import { spawn } from 'node:child_process'
import { createHash, type Hash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { Transform, Writable, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createZstdCompress, createZstdDecompress, zstdCompress, zstdDecompress } from 'node:zlib'
import { isWorthPacking, type AudioEntry } from '#edge/backup/audio-list.ts'
import { BackupError } from '#edge/backup/backup-error.ts'
import { MAX_BLOB_BYTES } from '#shared/blob.ts'
import { partOf } from './folders.ts'

const OWNER_ONLY = 0o600
const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

export interface Measured {
  bytes: number
  sha256: string
}

export interface Stored extends Measured {
  storedBytes: number
  storedSha256: string
}

interface Reading {
  signal: AbortSignal
  /** Each time some unpacked bytes are done. */
  onBytes?: ((bytes: number) => void) | undefined
}

class Meter {
  readonly #hash: Hash = createHash('sha256')
  #bytes = 0

  through(onBytes?: (bytes: number) => void): Transform {
    return new Transform({
      transform: (piece: Buffer, _, done) => {
        this.#hash.update(piece)
        this.#bytes += piece.length
        onBytes?.(piece.length)
        done(null, piece)
      },
    })
  }

  measured(): Measured {
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') }
  }
}

/** Packs a file, or what a stream gives. The new file is on the disk when this resolves. */
export async function packInto(from: string | Readable, to: string, { signal, onBytes }: Reading): Promise<Stored> {
  const [plain, packed] = [new Meter(), new Meter()]
  const source = typeof from === 'string' ? createReadStream(from) : from
  const target = createWriteStream(to, { mode: OWNER_ONLY, flags: 'wx', flush: true })
  await pipeline(source, plain.through(onBytes), createZstdCompress(), packed.through(), target, { signal })
  const { bytes, sha256 } = packed.measured()
  return { ...plain.measured(), storedBytes: bytes, storedSha256: sha256 }
}

/** Unpacks a file and measures both; without `to` it only measures. */
export async function unpack(from: string, to: string | undefined, { signal, onBytes }: Reading): Promise<Stored> {
  const [plain, packed] = [new Meter(), new Meter()]
  const target = to === undefined ? nowhere() : createWriteStream(to, { mode: OWNER_ONLY, flags: 'wx', flush: true })
  try {
    await pipeline(createReadStream(from), packed.through(), createZstdDecompress(), plain.through(onBytes), target, {
      signal,
    })
  } catch (cause) {
    throw readable(from, cause)
  }
  const { bytes, sha256 } = packed.measured()
  return { ...plain.measured(), storedBytes: bytes, storedSha256: sha256 }
}

/** The pieces of an unpacked file. */
export function unpackedStream(from: string): Readable {
  const unpacking = createZstdDecompress()
  createReadStream(from)
    .on('error', (error) => unpacking.destroy(error))
    .pipe(unpacking)
  return unpacking
}

/** A file as small as a blob: packed where that gains enough. `to` chooses its place by the form. Not lasting before syncDisk(). */
export async function packBlob(
  content: Buffer,
  to: (form: 'z' | 'r') => string,
): Promise<Pick<AudioEntry, 'storedBytes' | 'form'>> {
  const packed = await compress(content)
  const form = isWorthPacking(content.length, packed.length) ? 'z' : 'r'
  const stored = form === 'z' ? packed : content
  await writeWhole(to(form), stored, { lasting: false })
  return { storedBytes: stored.length, form }
}

/** Unpacked, with its hash proved. Throws BackupError where it is missing or another. */
export async function readBlob(file: string, { hash, form }: Pick<AudioEntry, 'hash' | 'form'>): Promise<Buffer> {
  try {
    const stored = await readFile(file)
    // A forged file must not unpack to more than memory holds.
    const content = form === 'z' ? await decompress(stored, { maxOutputLength: MAX_BLOB_BYTES }) : stored
    if (sha256Of(content) === hash) return content
  } catch (cause) {
    throw readable(file, cause)
  }
  throw new BackupError(`${file} is damaged: its content is not what its name says`)
}

export const sha256Of = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex')

/** Beside its name first. `lasting`: on the disk before it gets its name, which costs milliseconds a file. */
export async function writeWhole(file: string, content: Uint8Array | string, { lasting = true } = {}): Promise<void> {
  const part = partOf(file)
  try {
    await writeFile(part, content, { mode: OWNER_ONLY, flush: lasting })
    await rename(part, file)
  } catch (error) {
    await rm(part, { force: true }).catch(() => {})
    throw error
  }
}

/** All that was written until now is on the disk: one call in the place of one a file. */
export async function syncDisk(): Promise<void> {
  const [code] = (await once(spawn('sync', { stdio: 'ignore' }), 'close')) as [number | null]
  if (code !== 0) throw new Error(`sync ended with ${code}`)
}

const nowhere = (): Writable => new Writable({ write: (_piece, _encoding, done) => done() })

/** Zlib's errors name no file. */
function readable(file: string, cause: unknown): unknown {
  const { code } = cause as NodeJS.ErrnoException
  if (code === 'ENOENT') return new BackupError(`${file} is missing`, { cause })
  if (code?.startsWith('ZSTD') || code === 'ERR_BUFFER_TOO_LARGE' || code?.startsWith('Z_'))
    return new BackupError(`${file} is damaged: it cannot be unpacked`, { cause })
  return cause
}
