// Puts the files of one model in its folder: those that are missing or are not what the lock or the preset says, from the hub. Used by
// setup.ts; knows no engine.
import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { basename, dirname, resolve, sep } from 'node:path'
import type { ModelNeed } from '#gpu-node/config/needs.ts'
import { download, isThere, listFiles, resolveCommit, sha256Of, type HubFile } from './model-hub.ts'
import type { ModelLock } from './model-lock.ts'

const GIB = 1024 ** 3
/** A line a tenth of a file. */
const PROGRESS_STEPS = 10

export interface ModelSetup {
  hub: string
  lock: ModelLock
  dryRun: boolean
}

/** Says what it does. False where a step failed, with what to do by hand. */
export async function setUpModel(model: ModelNeed, options: ModelSetup): Promise<boolean> {
  console.log(`  model ${model.repo} (licence: ${model.licence}) → ${model.folder}`)
  try {
    return (await isAsPinned(model, options)) || (await fetchMissing(model, options))
  } catch (error) {
    console.error(`    ${wordsOf(error)}`)
    console.error(`    by hand: put these files of ${options.hub}/${model.repo} into ${model.folder}:`)
    for (const path of model.files ?? ['all of its files: *.json, *.txt and *.safetensors'])
      console.error(`      ${path}`)
    return false
  }
}

/** Without asking the hub: what was put in place by hand, or before. */
async function isAsPinned(model: ModelNeed, { lock, dryRun }: ModelSetup): Promise<boolean> {
  const locked = lock.find(model)?.files
  const known = locked ?? allKnown(model)
  if (!known || !(await areThere(known, model))) return false
  if (!locked && !dryRun) await lock.keep(model, { commit: model.revision, files: known })
  return said(`    ${Object.keys(known).length} files, whole and as pinned`)
}

async function fetchMissing(model: ModelNeed, { hub, lock, dryRun }: ModelSetup): Promise<boolean> {
  const commit = lock.find(model)?.commit ?? (await resolveCommit(hub, model))
  const files = pinned(pick(await listFiles(hub, { ...model, revision: commit }), model), model, lock)
  const missing: HubFile[] = []
  for (const file of files) if (!(await isThere(file, targetOf(file.path, model)))) missing.push(file)
  const bytes = missing.reduce((sum, file) => sum + file.bytes, 0)
  if (dryRun && missing.length > 0) return said(`    would fetch ${missing.length} files, ${gib(bytes)}`)
  if (dryRun) return said(`    ${files.length} files, whole`)
  await requireSpace(bytes, model.folder)
  for (const file of lastIndex(missing)) await fetchOne(file, targetOf(file.path, model))
  await writeDown(files, { model, commit, lock })
  return said(`    ${files.length} files, whole; commit ${commit.slice(0, 12)} is pinned in ${basename(lock.path)}`)
}

/** Undefined where the preset does not know each of its files. */
function allKnown({ files, sha256 = {} }: ModelNeed): Record<string, string> | undefined {
  const known = files?.flatMap((path) => (sha256[path] === undefined ? [] : [[path, sha256[path]] as const]))
  return known && known.length === files?.length ? Object.fromEntries(known) : undefined
}

async function areThere(known: Readonly<Record<string, string>>, model: ModelNeed): Promise<boolean> {
  for (const [path, sha256] of Object.entries(known)) {
    const target = targetOf(path, model)
    if (!existsSync(target) || (await sha256Of(target)) !== sha256) return false
  }
  return true
}

/** Each file with the bytes that it must have. Throws where the hub has others, before anything is fetched. */
function pinned(files: HubFile[], model: ModelNeed, lock: ModelLock): HubFile[] {
  const locked = lock.find(model)?.files
  const known = { ...model.sha256, ...locked }
  const stranger = locked && files.find(({ path }) => locked[path] === undefined)
  const absent = locked && Object.keys(locked).find((path) => !files.some((file) => file.path === path))
  const unlike = files.find(({ path, hash }) => known[path] && hash.kind === 'sha256' && hash.hex !== known[path])
  const other = stranger?.path ?? absent ?? unlike?.path
  if (other === undefined) return files.map((file) => ({ ...file, sha256: known[file.path] }))
  const where = locked ? lock.path : 'the preset'
  throw new Error(`the hub has another ${other} of ${model.repo} than ${where} pins: nothing is taken from it`)
}

async function writeDown(
  files: HubFile[],
  { model, commit, lock }: { model: ModelNeed; commit: string; lock: ModelLock },
): Promise<void> {
  const sums: Record<string, string> = {}
  for (const { path, hash } of files)
    sums[path] = hash.kind === 'sha256' ? hash.hex : await sha256Of(targetOf(path, model))
  await lock.keep(model, { commit, files: sums })
}

/** The files that show that a model is there (model-folder.ts) come last. */
function lastIndex(files: HubFile[]): HubFile[] {
  const isIndex = ({ path }: HubFile): boolean => /^(config|.*\.index)\.json$/.test(path)
  return [...files.filter((file) => !isIndex(file)), ...files.filter(isIndex)]
}

/** Throws where the repository lacks one that is needed. */
function pick(files: HubFile[], { files: paths, repo }: ModelNeed): HubFile[] {
  if (!paths) return files
  return paths.map((path) => {
    const found = files.find((file) => file.path === path)
    if (!found) throw new Error(`${repo} has no ${path}`)
    return found
  })
}

/** Throws for a path that leads out of the folder: the hub's words are nobody's order. */
function targetOf(path: string, { folder, files }: ModelNeed): string {
  const target = resolve(folder, files ? basename(path) : path)
  if (!target.startsWith(resolve(folder) + sep)) throw new Error(`the hub names a file outside of ${folder}: ${path}`)
  return target
}

async function requireSpace(bytes: number, folder: string): Promise<void> {
  // The folder may be yet to be made: its disk is that of the nearest one that is there.
  let there = resolve(folder)
  while (!existsSync(there)) there = dirname(there)
  const { bavail, bsize } = await statfs(there)
  if (bavail * bsize < bytes) throw new Error(`needs ${gib(bytes)} of disk, and ${gib(bavail * bsize)} are free`)
}

async function fetchOne(file: HubFile, target: string): Promise<void> {
  let told = 0
  await download(file, target, (bytes) => {
    const tenth = Math.floor((bytes / file.bytes) * PROGRESS_STEPS)
    if (tenth > told) console.log(`    ${basename(file.path)}: ${tenth * PROGRESS_STEPS} % of ${gib(file.bytes)}`)
    told = Math.max(told, tenth)
  })
}

const gib = (bytes: number): string => `${(bytes / GIB).toFixed(2)} GiB`

/** The message with its cause: a failed fetch says nothing by itself. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message
}

function said(words: string): true {
  console.log(words)
  return true
}
