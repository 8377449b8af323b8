// Puts restored files in the place of the old ones and keeps the old ones beside, by a plan on the disk: whatever ends it in the middle, it
// can be undone or done again. A data folder that is half swapped is refused by the edge.
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { BackupError } from '#edge/backup/backup-error.ts'
import { invalid } from '#shared/fault.ts'
import { makeFolder } from './folders.ts'
import { syncDisk, writeWhole } from './stored-file.ts'

const Plan = v.object({
  /** The backup. */
  id: v.string(),
  at: v.number(),
  /** Where the old files are kept. */
  before: v.string(),
  phase: v.picklist(['swapping', 'swapped']),
  items: v.array(v.object({ name: v.string(), live: v.string(), hadOld: v.boolean(), hasNew: v.boolean() })),
})
export type SwapPlan = v.InferOutput<typeof Plan>

/**
 * Who only read a database may have left empty files beside it, and they go when its connection is collected: at any moment. The staged
 * one was closed as a whole before, so nothing of it lies there.
 */
const READERS_LEFTOVER = /-(?:wal|shm)$/

export const stagingOf = (dataDir: string): string => join(dataDir, 'restore.part')
export const stagedFile = (dataDir: string, name: string): string => join(stagingOf(dataDir), name)
const planFile = (dataDir: string): string => join(dataDir, 'restored.json')

/** The last restore of this data folder, whole or not. */
export function readPlan(dataDir: string): SwapPlan | undefined {
  const file = planFile(dataDir)
  return existsSync(file) ? v.parse(Plan, JSON.parse(readFileSync(file, 'utf8'))) : undefined
}

/** Throws FaultError invalid_message: an edge that started now would make a new and empty database. */
export function refuseHalfRestored(dataDir: string): void {
  if (readPlan(dataDir)?.phase !== 'swapping') return
  throw invalid(`DATA_DIR: ${dataDir} is half restored; run \`parley restore\` again, or \`parley restore --undo\``)
}

/** Where each file lives, and whether a restored one is staged. */
export async function swapIn(
  dataDir: string,
  { id, at, items }: { id: string; at: number; items: Array<{ name: string; live: string }> },
): Promise<SwapPlan> {
  const before = join(dataDir, `before-restore-${new Date(at).toISOString().replaceAll(/[-:.]/g, '')}`)
  makeFolder(before)
  const plan: SwapPlan = {
    id,
    at,
    before,
    phase: 'swapping',
    items: items.map(({ name, live }) => ({
      name,
      live,
      hadOld: existsSync(live),
      hasNew: !READERS_LEFTOVER.test(name) && existsSync(stagedFile(dataDir, name)),
    })),
  }
  await syncDisk()
  await writePlan(dataDir, plan)
  for (const { name, live, hadOld, hasNew } of plan.items) {
    if (hadOld) moveAside(live, join(before, name))
    if (hasNew) renameSync(stagedFile(dataDir, name), live)
  }
  const done: SwapPlan = { ...plan, phase: 'swapped' }
  await syncDisk()
  await writePlan(dataDir, done)
  return done
}

function moveAside(live: string, to: string): void {
  try {
    renameSync(live, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || !READERS_LEFTOVER.test(live)) throw error
  }
}

/** Puts the old files back. May itself be ended anywhere and done again. Throws BackupError where there is nothing to undo. */
export async function swapBack(dataDir: string): Promise<SwapPlan> {
  const plan = readPlan(dataDir)
  if (!plan) throw new BackupError(`nothing was restored in ${dataDir}`)
  if (plan.phase === 'swapped' && !existsSync(plan.before))
    throw new BackupError(`${plan.before} is not there any more, so the restore cannot be undone`)
  await writePlan(dataDir, { ...plan, phase: 'swapping' })
  for (const { name, live, hadOld } of plan.items) {
    const old = join(plan.before, name)
    if (hadOld && !existsSync(old)) continue
    rmSync(live, { recursive: true, force: true })
    if (hadOld) renameSync(old, live)
  }
  await syncDisk()
  rmSync(planFile(dataDir))
  rmSync(plan.before, { recursive: true, force: true })
  return plan
}

const writePlan = (dataDir: string, plan: SwapPlan): Promise<void> =>
  writeWhole(planFile(dataDir), JSON.stringify(plan))
