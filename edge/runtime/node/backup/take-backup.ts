// Takes a backup: the database while the edge runs, the audio that it names, and the small files that a bare machine needs. All of it is
// made beside its name, proved, and named last, the manifest first of all in it. Whatever fails, nothing half is left.
// It computes in this thread: a program that serves callers runs it by backup-apart.ts.
import { existsSync, mkdirSync, renameSync, rmSync, statfsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BackupError } from '#edge/backup/backup-error.ts'
import {
  backupId,
  DATABASE_FILE,
  MANIFEST_FILE,
  type BackupKind,
  type KeptFile,
  type Manifest,
} from '#edge/backup/manifest.ts'
import { chooseKept } from '#edge/backup/retention.ts'
import type { Work } from '#edge/backup/work.ts'
import type { Clock } from '#shared/clock.ts'
import { lockDataFolder } from '#shared/on-node/data-folder-lock.ts'
import { copyAudio, dropAudio } from './audio-copies.ts'
import { copyDatabase, sizeOf } from './database-copy.ts'
import { factsOf, withFile } from './database-facts.ts'
import { countDeletions } from './deletion-list.ts'
import {
  audioList,
  databaseFolder,
  findBackups,
  findLists,
  makeFolder,
  nextSequence,
  partOf,
  sweepParts,
} from './folders.ts'
import { packInto, sha256Of, syncDisk, unpack, writeWhole, type Stored } from './stored-file.ts'

export interface BackupOptions {
  backups: string
  /** The live database's file, and the folder of its blobs. */
  database: string
  blobs: string
  /** Where each small file lies; one that is not there is left out. */
  keptFiles: Partial<Record<KeptFile, string>>
  kind: BackupKind
  /** Of the code. */
  version: string
  clock: Clock
  maxWalBytes?: number
}

export interface TakenBackup {
  manifest: Manifest
  added: number
  damaged: number
  /** What was too old. */
  dropped: { databases: number; audioFiles: number }
}

/** Room for what is not the database: lists, new audio. */
const SPARE_BYTES = 64 * 1024 * 1024

/** Throws BackupError; FaultError where another backup runs. */
export async function takeBackup(options: BackupOptions, work: Work): Promise<TakenBackup> {
  const { backups, database } = options
  if (!existsSync(database)) throw new BackupError(`there is no database ${database}`)
  for (const folder of ['db', 'audio/lists', 'audio/files']) makeFolder(join(backups, folder))
  const letGo = lockDataFolder(backups, 'backup')
  try {
    sweepParts(backups)
    requireSpace(backups, 2 * (sizeOf(database) + sizeOf(`${database}-wal`)) + SPARE_BYTES)
    const { good } = findBackups(backups)
    const sequence = nextSequence(backups)
    const takenAt = options.clock.now()
    const id = backupId(takenAt, sequence)
    const [folder, list] = [databaseFolder(backups, id), audioList(backups, id)]
    try {
      mkdirSync(partOf(folder), { mode: 0o700 })
      const copied = await fill(options, { id, sequence, takenAt, before: good[0]?.id }, work)
      renameSync(partOf(list), list)
      renameSync(partOf(folder), folder)
      await syncDisk()
      return { ...copied, dropped: await dropOld(backups) }
    } catch (error) {
      if (!existsSync(folder)) for (const left of [list, partOf(list)]) rmSync(left, { force: true })
      rmSync(partOf(folder), { recursive: true, force: true })
      throw inWords(error)
    }
  } finally {
    await letGo()
  }
}

interface Beginning {
  id: string
  sequence: number
  takenAt: number
  before: string | undefined
}

async function fill(
  options: BackupOptions,
  { id, sequence, takenAt, before }: Beginning,
  work: Work,
): Promise<Omit<TakenBackup, 'dropped'>> {
  const { backups, database: live, blobs, kind, version, clock, maxWalBytes } = options
  const folder = partOf(databaseFolder(backups, id))
  const plain = join(folder, 'edge.db')
  // Before the copy: one that is noted meanwhile is done again, which changes nothing.
  const deletions = await countDeletions(backups)
  await copyDatabase({ file: live, to: plain, clock, ...(maxWalBytes !== undefined && { maxWalBytes }) }, work)
  const { counts, migrations, newestTurnAt } = withFile(plain, factsOf)
  const listPart = partOf(audioList(backups, id))
  const { added, damaged, ...audio } = await copyAudio({ backups, blobs, database: plain, id, before }, listPart, work)
  const database = await packProved(plain, join(folder, DATABASE_FILE), work)
  rmSync(plain)
  const files = await copyKept(options.keptFiles, folder)
  const manifest: Manifest = {
    format: 'parley-backup',
    formatVersion: 1,
    id,
    sequence,
    takenAt,
    kind,
    code: { version },
    schema: { migrations },
    counts,
    newestTurnAt,
    deletions,
    database,
    files,
    audio,
  }
  await writeWhole(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, undefined, 2)}\n`)
  return { manifest, added, damaged }
}

/** What was written is read back: a disk may lie. */
async function packProved(plain: string, packed: string, work: Work): Promise<Stored> {
  const total = 2 * sizeOf(plain)
  let done = 0
  const onBytes = (bytes: number): void => {
    done += bytes
    work.progress({ step: 'packing', done, total, unit: 'bytes' })
  }
  const stored = await packInto(plain, packed, { signal: work.signal, onBytes })
  const again = await unpack(packed, undefined, { signal: work.signal, onBytes })
  if (again.sha256 !== stored.sha256 || again.storedSha256 !== stored.storedSha256)
    throw new BackupError('the packed database is not what was written: the disk is not to be trusted')
  return stored
}

async function copyKept(kept: BackupOptions['keptFiles'], folder: string): Promise<Manifest['files']> {
  const files: Manifest['files'] = []
  for (const [name, path] of Object.entries(kept) as Array<[KeptFile, string]>) {
    if (!existsSync(path)) continue
    const content = await readFile(path)
    await writeWhole(join(folder, name), content)
    files.push({ name, bytes: content.length, sha256: sha256Of(content) })
  }
  return files
}

async function dropOld(backups: string): Promise<TakenBackup['dropped']> {
  const { good } = findBackups(backups)
  const kept = chooseKept(good, findLists(backups))
  const old = good.filter(({ id }) => !kept.databases.has(id))
  for (const { id } of old) rmSync(databaseFolder(backups, id), { recursive: true })
  return { databases: old.length, audioFiles: await dropAudio(backups, kept.audio) }
}

/** Throws BackupError that says what is needed and what is there. */
export function requireSpace(folder: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  if (free >= bytes) return
  throw new BackupError(
    `there is not enough space in ${folder}: ${inMegabytes(bytes)} are needed, ${inMegabytes(free)} are free`,
  )
}

export const inMegabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

/** The disk may fill up in the middle. */
export function inWords(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  const isOfDatabase = error instanceof BackupError && /disk is full/.test(error.message)
  if (code === 'ENOSPC' || code === 'EDQUOT' || isOfDatabase)
    return new BackupError('the disk is full; nothing was left half done', { cause: error })
  return error
}
