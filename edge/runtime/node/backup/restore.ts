// Restores a backup into a data folder that nobody holds: says what it will do, stages it, and swaps it in. What was there is kept beside
// and comes back by undoRestore(). It computes in this thread; only the command line calls it.
import { accessSync, constants, existsSync, rmSync, statSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { BackupError } from '#edge/backup/backup-error.ts'
import type { KeptFile, Manifest } from '#edge/backup/manifest.ts'
import type { Work } from '#edge/backup/work.ts'
import { knownMigrations } from '#edge/runtime/node/database.ts'
import type { Clock } from '#shared/clock.ts'
import { lockDataFolder } from '#shared/on-node/data-folder-lock.ts'
import { makeDataFolder } from '#shared/on-node/data-folder.ts'
import { turnsSince, withFile } from './database-facts.ts'
import { deletionsAfter } from './deletion-list.ts'
import { backupsOf, chooseBackup } from './folders.ts'
import { neededBytes, stage, type StagedAudio } from './stage.ts'
import { readPlan, stagedFile, stagingOf, swapBack, swapIn, type SwapPlan } from './swap.ts'
import { inWords, requireSpace } from './take-backup.ts'

/** They come from this machine where it has them: they say what it is, not what was said. */
const OF_THE_MACHINE: readonly KeptFile[] = ['gpu-node.toml', 'dot-env']

export interface RestoreOptions {
  dataDir: string
  /** Where the backups lie. */
  backups: string
  /** The live database's file, and the folder of its blobs. */
  database: string
  blobs: string
  keptFiles: Record<KeptFile, string>
  id?: string | undefined
  /** The newest backup before this time. */
  at?: number | undefined
  clock: Clock
  /** Told what will happen before anything does; false ends it. */
  confirm: (plan: RestorePlan) => Promise<boolean>
}

export interface RestorePlan {
  manifest: Manifest
  /** Turns of the present database that the backup has not; null where it cannot be read. */
  lostTurns: number | null
  /** Deletions and revocations that will be done again. */
  deletions: number
  neededBytes: number
}

export interface Restored {
  plan: RestorePlan
  audio: StagedAudio
  /** Where the old data is kept. */
  before: string
  tookMs: number
}

/** Undefined where `confirm` said no. Throws FaultError where somebody holds the folder, BackupError for all else. */
export async function restoreBackup(options: RestoreOptions, work: Work): Promise<Restored | undefined> {
  const { dataDir, backups, clock } = options
  makeDataFolder(dataDir)
  return holding(options, async () => {
    // An earlier one was ended in the middle of its swap.
    if (readPlan(dataDir)?.phase === 'swapping') await swapBack(dataDir)
    const plan = await planRestore(options)
    if (!(await options.confirm(plan))) return undefined
    const startedAt = clock.now()
    try {
      requireSpace(dataDir, plan.neededBytes)
      const deletions = await laterDeletions(options, plan.manifest)
      const staging = { ...options, manifest: plan.manifest, deletions, now: startedAt }
      const audio = await stage({ ...staging, backups }, work)
      const { before } = await swapIn(dataDir, { id: plan.manifest.id, at: startedAt, items: itemsOf(options) })
      await placeForMachine(options)
      rmSync(stagingOf(dataDir), { recursive: true, force: true })
      return { plan, audio, before, tookMs: clock.now() - startedAt }
    } catch (error) {
      // An operator who ended it may go on where it was; a full disk needs its room back.
      if (!work.signal.aborted) rmSync(stagingOf(dataDir), { recursive: true, force: true })
      throw inWords(error)
    }
  })
}

/** What a restore would do. Changes nothing, also beside a running edge. */
export async function planRestore(options: Omit<RestoreOptions, 'confirm'>): Promise<RestorePlan> {
  const manifest = chooseBackup(options.backups, options)
  const known = knownMigrations()
  if (manifest.schema.migrations > known)
    throw new BackupError(
      `backup ${manifest.id} is of a newer release (${manifest.code.version}); install that one first`,
    )
  requireOneDisk(options)
  const deletions = await laterDeletions(options, manifest)
  return {
    manifest,
    lostTurns: lostTurns(options, manifest),
    deletions: deletions.length,
    neededBytes: neededBytes({ manifest }),
  }
}

/** Throws BackupError where nothing was restored, or where what was kept is gone. `confirm` is told how many turns came since. */
export async function undoRestore(
  options: Pick<RestoreOptions, 'dataDir' | 'backups' | 'database'>,
  confirm: (turns: number | null) => Promise<boolean>,
): Promise<SwapPlan | undefined> {
  return holding(options, async () => {
    const plan = readPlan(options.dataDir)
    if (!plan) throw new BackupError(`nothing was restored in ${options.dataDir}`)
    if (plan.phase === 'swapped' && !(await confirm(readTurnsSince(options.database, plan.at)))) return undefined
    return swapBack(options.dataDir)
  })
}

async function holding<T>(
  { dataDir, backups }: Pick<RestoreOptions, 'dataDir' | 'backups'>,
  run: () => Promise<T>,
): Promise<T> {
  const held: Array<() => Promise<void>> = []
  try {
    for (const holder of ['edge', 'node'] as const) held.push(lockDataFolder(dataDir, holder))
    if (isWritable(backups)) held.push(lockDataFolder(backups, 'backup'))
    return await run()
  } finally {
    for (const letGo of held.toReversed()) await letGo()
  }
}

/** A disk that is mounted for reading only needs no lock: nobody drops anything there. */
function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** The list beside the chosen backups, and that of this data folder, where they are two. */
async function laterDeletions({ backups, dataDir }: Pick<RestoreOptions, 'backups' | 'dataDir'>, manifest: Manifest) {
  const beside = await deletionsAfter(backups, manifest.deletions)
  const own = backupsOf(dataDir)
  return own === backups ? beside : [...beside, ...(await deletionsAfter(own, manifest.deletions))]
}

function itemsOf({ dataDir, database, blobs, keptFiles }: RestoreOptions): Array<{ name: string; live: string }> {
  const kept = Object.entries(keptFiles).filter(
    ([name, live]) => isOwn(name as KeptFile) && existsSync(stagedFile(dataDir, name)) && live,
  )
  return [
    { name: 'edge.db', live: database },
    { name: 'edge.db-wal', live: `${database}-wal` },
    { name: 'edge.db-shm', live: `${database}-shm` },
    { name: 'blobs', live: blobs },
    ...kept.map(([name, live]) => ({ name, live })),
  ]
}

const isOwn = (name: KeptFile): boolean => !OF_THE_MACHINE.includes(name)

async function placeForMachine({ dataDir, keptFiles }: RestoreOptions): Promise<void> {
  for (const name of OF_THE_MACHINE) {
    const staged = stagedFile(dataDir, name)
    if (existsSync(staged) && !existsSync(keptFiles[name])) await copyFile(staged, keptFiles[name])
  }
}

/** A rename is at once and whole only within one file system. */
function requireOneDisk({ dataDir, database }: Pick<RestoreOptions, 'dataDir' | 'database'>): void {
  const folder = dirname(database)
  if (folder === dataDir || !existsSync(dataDir)) return
  if (!existsSync(folder) || statSync(folder).dev !== statSync(dataDir).dev)
    throw new BackupError(
      `${folder} and ${dataDir} are not on one disk; restore with DATABASE_URL unset and move the file then`,
    )
}

const lostTurns = ({ database }: Pick<RestoreOptions, 'database'>, { newestTurnAt }: Manifest): number | null =>
  readTurnsSince(database, newestTurnAt ?? 0)

function readTurnsSince(database: string, since: number): number | null {
  if (!existsSync(database)) return null
  try {
    return withFile(database, (opened) => turnsSince(opened, since))
  } catch (error) {
    if (error instanceof BackupError) return null
    throw error
  }
}
