// The audio and voice samples of a backup: what the copied database names and is not in an earlier backup is packed and stored, and
// a list names all of it. Files are lasting before the list is written, so a list never names a file that a power cut took.
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { audioLine, readAudioLine, type AudioEntry } from '#edge/backup/audio-list.ts'
import { BackupError } from '#edge/backup/backup-error.ts'
import type { Manifest } from '#edge/backup/manifest.ts'
import type { Work } from '#edge/backup/work.ts'
import { blobsOf, withFile } from './database-facts.ts'
import { audioFile, audioList, findLists, makeFolder } from './folders.ts'
import { packBlob, packInto, sha256Of, syncDisk, unpackedStream } from './stored-file.ts'

/** Files at once. More would take the disk from those who serve callers. */
const AT_ONCE = 4

export type AudioSums = Manifest['audio'] & {
  /** Files that no earlier backup had. */
  added: number
  /** Files whose content is no longer what their name says. They count as gone. */
  damaged: number
}

export interface AudioCopy {
  backups: string
  /** The folder of the live blobs. */
  blobs: string
  /** The copied database. */
  database: string
  id: string
  /** The newest backup before this one. */
  before: string | undefined
}

/** Writes the list beside its name (`listPart`); the caller gives it its name when the whole backup is good. */
export async function copyAudio(copy: AudioCopy, listPart: string, work: Work): Promise<AudioSums> {
  const hashes = withFile(copy.database, (database) => [...blobsOf(database)])
  const sums = { files: 0, gone: 0, bytes: 0, storedBytes: 0, added: 0, damaged: 0 }
  const known = await knownEntries(copy)
  async function* lines(): AsyncGenerator<string> {
    for (let at = 0; at < hashes.length; at += AT_ONCE) {
      work.signal.throwIfAborted()
      work.progress({ step: 'audio', done: at, total: hashes.length, unit: 'files' })
      const entries = await Promise.all(
        hashes.slice(at, at + AT_ONCE).map((hash) => entryOf(hash, { copy, known, sums, work })),
      )
      yield entries.map(audioLine).join('')
      for (const { form, bytes, storedBytes } of entries) {
        if (form === 'g') sums.gone += 1
        else sums.files += 1
        sums.bytes += bytes
        sums.storedBytes += storedBytes
      }
    }
    // The list is whole only once all that it names is lasting.
    if (sums.added > 0) await syncDisk()
  }
  const { sha256 } = await packInto(Readable.from(lines()), listPart, { signal: work.signal })
  return { ...sums, sha256 }
}

interface Copying {
  copy: AudioCopy
  known: Map<string, AudioEntry>
  sums: { added: number; damaged: number }
  work: Work
}

async function entryOf(hash: string, { copy, known, sums, work }: Copying): Promise<AudioEntry> {
  const entry = known.get(hash)
  if (entry && isStored(copy.backups, entry)) return entry
  const gone: AudioEntry = { hash, bytes: 0, storedBytes: 0, form: 'g' }
  const content = await readFile(join(copy.blobs, hash)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (content === undefined) return gone
  if (sha256Of(content) !== hash) {
    work.log.error({ hash }, 'a file of the blob store is damaged and is not in the backup')
    sums.damaged += 1
    return gone
  }
  makeFolder(join(audioFile(copy.backups, hash, 'r'), '..'))
  sums.added += 1
  return { hash, bytes: content.length, ...(await packBlob(content, (form) => audioFile(copy.backups, hash, form))) }
}

function isStored(backups: string, { hash, form, storedBytes }: AudioEntry): boolean {
  if (form === 'g') return false
  return statSync(audioFile(backups, hash, form), { throwIfNoEntry: false })?.size === storedBytes
}

async function knownEntries({ backups, before }: AudioCopy): Promise<Map<string, AudioEntry>> {
  const known = new Map<string, AudioEntry>()
  if (before === undefined) return known
  try {
    for await (const entry of audioEntries(backups, before)) known.set(entry.hash, entry)
  } catch (error) {
    // Without it everything is copied anew, which is slow and right.
    if (!(error instanceof BackupError)) throw error
    return new Map()
  }
  return known
}

/** All entries of a backup's list. Throws BackupError where it is missing or damaged. */
export async function* audioEntries(backups: string, id: string): AsyncGenerator<AudioEntry> {
  const file = audioList(backups, id)
  if (!existsSync(file)) throw new BackupError(`${file} is missing`)
  const unpacked = unpackedStream(file)
  let broken: unknown
  unpacked.on('error', (error) => {
    broken = error
  })
  for await (const line of createInterface({ input: unpacked, crlfDelay: Infinity })) yield readAudioLine(line)
  if (broken !== undefined) throw new BackupError(`${file} is damaged: it cannot be unpacked`, { cause: broken })
}

/** Removes lists that are not kept, and then each file that no kept list names. Returns how many files went. */
export async function dropAudio(backups: string, keptLists: Set<string>): Promise<number> {
  const ids = findLists(backups).map(({ id }) => id)
  const old = ids.filter((id) => !keptLists.has(id))
  if (old.length === 0) return 0
  const named = new Set<string>()
  for (const id of ids.filter((one) => keptLists.has(one)))
    for await (const { hash } of audioEntries(backups, id)) named.add(hash)
  for (const id of old) rmSync(audioList(backups, id))
  const files = join(backups, 'audio', 'files')
  let dropped = 0
  for (const folder of existsSync(files) ? readdirSync(files) : []) {
    for (const name of readdirSync(join(files, folder))) {
      if (named.has(name.replace(/\.zst$/, ''))) continue
      rmSync(join(files, folder, name))
      dropped += 1
    }
  }
  return dropped
}
