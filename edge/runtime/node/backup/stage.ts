// Makes what a restore will put in place, beside the live data, and proves it: the database, migrated and with later deletions done again;
// the audio that it names; the secrets. Nothing live changes here. It may be ended anywhere and begun anew.
import { existsSync, linkSync, readdirSync, rmSync, statSync } from 'node:fs'
import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { BackupError } from '#edge/backup/backup-error.ts'
import type { Deletion } from '#edge/backup/deletions.ts'
import type { Manifest } from '#edge/backup/manifest.ts'
import type { Work } from '#edge/backup/work.ts'
import { openDatabase } from '#edge/runtime/node/database.ts'
import { afterMigration, createStore } from '#edge/store/store.ts'
import { audioEntries } from './audio-copies.ts'
import { blobsOf, faultsOf, withFile } from './database-facts.ts'
import { deleteAgain } from './deletion-list.ts'
import { audioFile, databaseFolder, makeFolder } from './folders.ts'
import { readBlob, sha256Of, writeWhole } from './stored-file.ts'
import { stagedFile, stagingOf } from './swap.ts'
import { checkedAgainst, requireList, unpackDatabase } from './verify-backup.ts'

const AT_ONCE = 8

export interface Staging {
  backups: string
  dataDir: string
  /** The folder of the live blobs: what is good there need not be unpacked. */
  blobs: string
  manifest: Manifest
  deletions: Deletion[]
  now: number
}

export interface StagedAudio {
  files: number
  bytes: number
  /** Files that neither the backup nor the live folder has whole. */
  missing: number
}

/** Throws BackupError where the backup is not what its manifest says. */
export async function stage(staging: Staging, work: Work): Promise<StagedAudio> {
  const { dataDir } = staging
  makeFolder(stagingOf(dataDir))
  const file = stagedFile(dataDir, 'edge.db')
  for (const left of [file, `${file}-wal`, `${file}-shm`]) rmSync(left, { force: true })
  await stageKept(staging)
  await unpackDatabase(staging.backups, staging.manifest, file, work)
  work.progress({ step: 'checking the database', done: 0, total: 0, unit: 'bytes' })
  const differing = checkedAgainst(staging.manifest, file)
  if (differing.length > 0) throw new BackupError(`backup ${staging.manifest.id} is not whole: ${differing.join('; ')}`)
  await bringUpToDate(file, staging)
  const faults = withFile(file, faultsOf)
  if (faults.length > 0) throw new BackupError(`the restored database is damaged: ${faults.join('; ')}`)
  return stageAudio(file, staging, work)
}

async function bringUpToDate(file: string, { deletions, now, dataDir }: Staging): Promise<void> {
  const database = await openDatabase({ url: pathToFileURL(file).href })
  try {
    const { applied } = await database.migrate()
    const store = createStore(database.db)
    if (applied > 0) await afterMigration(store)
    // Whoever talked when it was copied talks no longer; a conversation with a live session could not be deleted.
    await store.sessions.endAllLive(now)
    await deleteAgain(store, deletions, now)
  } finally {
    await database.close()
  }
  if (existsSync(`${file}-wal`)) throw new BackupError('the restored database was not closed as a whole')
  // The copy that a migration makes of it is the backup once more.
  rmSync(stagedFile(dataDir, 'backups'), { recursive: true, force: true })
}

async function stageKept({ backups, dataDir, manifest }: Staging): Promise<void> {
  for (const { name, sha256 } of manifest.files) {
    const from = join(databaseFolder(backups, manifest.id), name)
    const content = existsSync(from) ? await readFile(from) : undefined
    if (!content || sha256Of(content) !== sha256) throw new BackupError(`${from} is missing or damaged`)
    await writeWhole(stagedFile(dataDir, name), content)
  }
}

/** Of what the backup has, only what the database still names after the deletions. */
async function stageAudio(file: string, staging: Staging, work: Work): Promise<StagedAudio> {
  const { backups, dataDir, manifest } = staging
  await requireList(backups, manifest, work)
  const folder = stagedFile(dataDir, 'blobs')
  makeFolder(folder)
  const named = new Set(withFile(file, (database) => [...blobsOf(database)]))
  for (const name of readdirSync(folder)) if (!named.has(name)) rmSync(join(folder, name), { recursive: true })
  const audio: StagedAudio = { files: 0, bytes: 0, missing: 0 }
  let waiting: Array<Promise<void>> = []
  let done = 0
  for await (const { hash, form } of audioEntries(backups, manifest.id)) {
    work.signal.throwIfAborted()
    if (!named.has(hash)) continue
    work.progress({ step: 'audio', done: (done += 1), total: named.size, unit: 'files' })
    waiting.push(
      stageBlob(hash, form, { staging, folder }).then((bytes) => {
        if (bytes === undefined) audio.missing += 1
        else [audio.files, audio.bytes] = [audio.files + 1, audio.bytes + bytes]
      }),
    )
    if (waiting.length < AT_ONCE) continue
    await Promise.all(waiting)
    waiting = []
  }
  await Promise.all(waiting)
  return audio
}

interface Place {
  staging: Staging
  folder: string
}

/** How many bytes; undefined where it is nowhere whole. */
async function stageBlob(hash: string, form: 'z' | 'r' | 'g', { staging, folder }: Place): Promise<number | undefined> {
  const to = join(folder, hash)
  const asItIs = { hash, form: 'r' } as const
  // Of a restore that was ended: what it staged may have been cut off with the power.
  const staged = existsSync(to) ? await orMissing(readBlob(to, asItIs)) : undefined
  if (staged) return staged.length
  rmSync(to, { force: true })
  const live = join(staging.blobs, hash)
  const alive = existsSync(live) ? await orMissing(readBlob(live, asItIs)) : undefined
  if (alive) {
    // A blob never changes, so both folders may have the same file.
    await linkOrCopy(live, to)
    return alive.length
  }
  if (form === 'g') return undefined
  const content = await orMissing(readBlob(audioFile(staging.backups, hash, form), { hash, form }))
  if (content) await writeWhole(to, content, { lasting: false })
  return content?.length
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    linkSync(from, to)
  } catch (error) {
    // A file system without links, or another one.
    if (!['EXDEV', 'EPERM', 'ENOTSUP', 'EMLINK'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    await copyFile(from, to)
  }
}

async function orMissing(reading: Promise<Buffer>): Promise<Buffer | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof BackupError) return undefined
    throw error
  }
}

/** What staging will write at most: a migration may write the database a second time. */
export function neededBytes({ manifest }: Pick<Staging, 'manifest'>): number {
  return 3 * manifest.database.bytes + manifest.audio.bytes
}

/** Restores single recordings beside a running edge: what the live database names and the live folder has not, or not whole. */
export async function restoreAudio(
  { backups, database, blobs }: { backups: string; database: string; blobs: string },
  work: Work,
): Promise<{ restored: number; good: number; missing: number }> {
  makeFolder(blobs)
  const hashes = withFile(database, (opened) => [...blobsOf(opened)])
  const found = { restored: 0, good: 0, missing: 0 }
  for (const [at, hash] of hashes.entries()) {
    work.signal.throwIfAborted()
    work.progress({ step: 'audio', done: at, total: hashes.length, unit: 'files' })
    const live = join(blobs, hash)
    if (existsSync(live) && (await orMissing(readBlob(live, { hash, form: 'r' })))) {
      found.good += 1
      continue
    }
    const form = statSync(audioFile(backups, hash, 'z'), { throwIfNoEntry: false }) ? 'z' : 'r'
    const content = await orMissing(readBlob(audioFile(backups, hash, form), { hash, form }))
    if (!content) {
      found.missing += 1
      continue
    }
    await writeWhole(live, content)
    found.restored += 1
  }
  return found
}
