// Where backups lie: `db/ID/` has the database's copy, the kept files and the manifest; `audio/lists/` a list a backup; `audio/files/` each
// file once, however many backups name it. A folder or file has another name (`.part`) until it is whole.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { BackupError } from '#edge/backup/backup-error.ts'
import { MANIFEST_FILE, readBackupId, readManifest, type Manifest } from '#edge/backup/manifest.ts'
import { newestBefore, newestFirst, type Dated } from '#edge/backup/retention.ts'

const PART = '.part'

export const backupsOf = (dataDir: string): string => join(dataDir, 'backups')
export const databaseFolder = (backups: string, id: string): string => join(backups, 'db', id)
export const audioList = (backups: string, id: string): string => join(backups, 'audio', 'lists', `${id}.zst`)
export const partOf = (path: string): string => `${path}${PART}`

/** Two letters a folder: with a million files in one, a system is slow. */
export function audioFile(backups: string, hash: string, form: 'z' | 'r'): string {
  return join(backups, 'audio', 'files', hash.slice(0, 2), form === 'z' ? `${hash}.zst` : hash)
}

export function makeFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
}

export interface FoundBackups {
  good: Manifest[]
  /** What lies there and cannot be read, with the reason. */
  bad: Array<{ id: string; why: string }>
}

/** All that lie there, the newest first. One that cannot be read hides no other. */
export function findBackups(backups: string): FoundBackups {
  const folder = join(backups, 'db')
  const good: Manifest[] = []
  const bad: FoundBackups['bad'] = []
  for (const { id } of datedIn(folder)) {
    try {
      good.push(manifestOf(backups, id))
    } catch (error) {
      bad.push({ id, why: error instanceof Error ? error.message : String(error) })
    }
  }
  return { good: newestFirst(good), bad }
}

/** The lists of audio, whose databases may be gone. The newest first. */
export const findLists = (backups: string): Dated[] => newestFirst(datedIn(join(backups, 'audio', 'lists')))

/** One more than anything that lies there, readable or not. */
export function nextSequence(backups: string): number {
  return Math.max(0, ...[...datedIn(join(backups, 'db')), ...findLists(backups)].map(({ sequence }) => sequence)) + 1
}

function datedIn(folder: string): Dated[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .map((name) => readBackupId(name.replace(/\.zst$/, '')))
    .filter((dated) => dated !== undefined)
}

function manifestOf(backups: string, id: string): Manifest {
  const file = join(databaseFolder(backups, id), MANIFEST_FILE)
  if (!existsSync(file)) throw new BackupError(`there is no backup ${id} in ${backups}`)
  return readManifest(readFileSync(file, 'utf8'), id)
}

/** The one that is named, or the newest before a time, or the newest. Throws BackupError where there is none. */
export function chooseBackup(
  backups: string,
  { id, at }: { id?: string | undefined; at?: number | undefined },
): Manifest {
  if (id !== undefined) return manifestOf(backups, id)
  const { good, bad } = findBackups(backups)
  const found = at === undefined ? good[0] : newestBefore(good, at)
  if (found) return found
  const unreadable = bad.map(({ why }) => `; ${why}`).join('')
  const when = at === undefined ? '' : ` that was taken before ${new Date(at).toISOString()}`
  throw new BackupError(`there is no backup${when} in ${backups}${unreadable}`)
}

/** Removes what a run that was killed left half done. The caller holds the lock. */
export function sweepParts(backups: string): void {
  for (const folder of [backups, join(backups, 'db'), join(backups, 'audio', 'lists')]) {
    for (const name of existsSync(folder) ? readdirSync(folder) : [])
      if (name.endsWith(PART)) rmSync(join(folder, name), { recursive: true, force: true })
  }
}
