// `npm run gpu-node -- setup`: makes the virtual environments of the file's engines and puts their models in place. Each step says what
// it does, is skipped where it is done, and may be run again at any time. Resolves with the exit code.
import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'
import type { EngineNeeds, ModelNeed } from '#gpu-node/config/needs.ts'
import { readEnginesPlan } from '#gpu-node/config/node-config.ts'
import { faultOf } from '#shared/fault.ts'
import { loadDotEnv } from '#shared/on-node/config.ts'
import { makeEnvironment, missingPins } from './environment.ts'
import { download, isThere, listFiles, type HubFile } from './model-hub.ts'

const GIB = 1024 ** 3
const HUB = 'https://huggingface.co'
/** Read when it is asked: .env is part of it only then. */
const hubOf = (environment: NodeJS.ProcessEnv): string => (environment['HF_ENDPOINT'] || HUB).replace(/\/+$/, '')

/** A line a tenth of a file. */
const PROGRESS_STEPS = 10

export interface SetupOptions {
  /** The engine of this name only. */
  only?: string | undefined
  /** Says what would be done. */
  dryRun: boolean
  /** HF_ENDPOINT of the environment, or Hugging Face, without it. */
  hub?: string
  /** More words for pip, such as an index of one's own. */
  pipOptions?: readonly string[]
}

/** The same, with a refusal of the file in words. */
export async function setUpOrSay(options: SetupOptions): Promise<number> {
  loadDotEnv()
  try {
    return await setup(options)
  } catch (error) {
    const fault = faultOf(error)
    if (fault.code !== 'invalid_message') throw error
    for (const issue of fault.issues) console.error(issue)
    return 1
  }
}

export async function setup(options: SetupOptions, environment: NodeJS.ProcessEnv = process.env): Promise<number> {
  const { engines } = readEnginesPlan(environment).engines
  const wanted = engines.flatMap((engine) =>
    engine.kind === 'managed' && engine.needs ? [{ ...engine, needs: engine.needs }] : [],
  )
  const chosen = wanted.filter(({ name }) => options.only === undefined || name === options.only)
  if (chosen.length === 0) {
    console.error(
      wanted.length === 0
        ? 'gpu-node.toml names no engine that setup knows: copy gpu-node/gpu-node.example.toml to gpu-node.toml first'
        : `--only: must be one of ${wanted.map(({ name }) => name).join(', ')}`,
    )
    return 1
  }
  let failed = 0
  let voiceless = 0
  for (const { name, needs, server } of chosen) {
    console.log(`${name}`)
    failed += Number(!(await setUpEnvironment(needs, options)))
    for (const model of needs.models) failed += Number(!(await setUpModel(model, options)))
    voiceless += Number(!(await lookForVoice(needs, server.voice)))
  }
  console.log(`\n${lastWords(failed, voiceless)}`)
  return failed + voiceless === 0 ? 0 : 1
}

function lastWords(failed: number, voiceless: number): string {
  if (failed > 0) return `not done: ${failed} steps failed; run setup again, it goes on`
  if (voiceless > 0) return 'all that setup can do is done; the missing recording is yours to put there'
  return 'done; look with: npm run gpu-node -- check'
}

async function setUpEnvironment(
  { venv, requirements }: EngineNeeds,
  { dryRun, pipOptions }: SetupOptions,
): Promise<boolean> {
  const missing = await missingPins(venv, requirements)
  if (missing.length === 0) return said(`  environment ${venv}: whole`)
  if (dryRun)
    return said(`  environment ${venv}: would install ${missing.length} packages of ${basename(requirements)}`)
  console.log(`  environment ${venv}: installing ${missing.length} packages of ${basename(requirements)} …`)
  try {
    await makeEnvironment(venv, requirements, pipOptions)
    return said(`  environment ${venv}: whole`)
  } catch (error) {
    console.error(`  environment ${venv}: ${wordsOf(error)}`)
    console.error(
      `  by hand: python3 -m venv ${venv} && ${venv}/bin/pip install --require-hashes --no-deps -r ${requirements}`,
    )
    return false
  }
}

async function setUpModel(model: ModelNeed, { hub = hubOf(process.env), dryRun }: SetupOptions): Promise<boolean> {
  console.log(`  model ${model.repo} (licence: ${model.licence}) → ${model.folder}`)
  try {
    const files = pick(await listFiles(hub, model), model)
    const missing: HubFile[] = []
    for (const file of files) if (!(await isThere(file, targetOf(file, model)))) missing.push(file)
    const bytes = missing.reduce((sum, file) => sum + file.bytes, 0)
    if (missing.length === 0) return said(`    ${files.length} files, whole`)
    if (dryRun) return said(`    would fetch ${missing.length} files, ${gib(bytes)}`)
    await requireSpace(bytes, model.folder)
    for (const file of lastIndex(missing)) await fetchOne(file, targetOf(file, model))
    return said(`    ${files.length} files, whole`)
  } catch (error) {
    console.error(`    ${wordsOf(error)}`)
    console.error(`    by hand: put these files of ${hub}/${model.repo} into ${model.folder}:`)
    for (const path of model.files ?? ['all of its files: *.json, *.txt and *.safetensors'])
      console.error(`      ${path}`)
    return false
  }
}

/** What says that a model is there (model-folder.ts) comes when the rest is. */
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
function targetOf({ path }: HubFile, { folder, files }: ModelNeed): string {
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

/** A voice is somebody's: the owner puts it there. */
async function lookForVoice({ voices }: EngineNeeds, id: string | undefined): Promise<boolean> {
  if (voices === undefined || id === undefined) return true
  const missing = ['wav', 'txt'].map((kind) => join(voices, `${id}.${kind}`)).filter((file) => !existsSync(file))
  if (missing.length === 0) return said(`  voice ${id}: there`)
  console.error(`  voice ${id}: missing ${missing.join(' and ')}: 1 to 12 s of speech (PCM16), and its words`)
  return false
}

const gib = (bytes: number): string => `${(bytes / GIB).toFixed(2)} GiB`

/** With what is behind it: a failed fetch says nothing by itself. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message
}

function said(words: string): true {
  console.log(words)
  return true
}
