// What `gpu-node check` finds wanting: the card and its memory budget, the disk, Python, the environments and the ports. Each
// item says what was found, what is wanted and what to change; nothing is started or changed.
import { access, constants, stat, statfs } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { createServer } from 'node:net'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { existsSync } from 'node:fs'
import { isWhole } from '#gpu-node/config/model-folder.ts'
import type { EngineNeeds, ModelNeed, PythonNeed } from '#gpu-node/config/needs.ts'
import type { EnginePlan, EnginesPlan } from '#gpu-node/config/plan.ts'
import { missingPins } from '#gpu-node/setup/environment.ts'
import { adviceFor, findPython, pythonName } from '#gpu-node/setup/python.ts'

export interface CheckItem {
  item: string
  found: string
  wanted: string
  isGood: boolean
  /** Empty where it is good. */
  change: string
}

/** The tools that it asks; tests name others. */
export interface CheckTools {
  nvidiaSmi: string
  /** Index of the card that engines run on; the first card without it. */
  gpuIndex?: number | undefined
}

const GIB = 1024 ** 3
const MIB = 1024 ** 2
const MIN_DISK_GIB = 100
/** Free space wanted where models and environments are in place: for logs, kept speech and callers' data. */
const MIN_DISK_LATER_GIB = 5
/** For the shim above each engine. */
const ANY_PYTHON: PythonNeed = { minor: 11, isExact: false }
/** A plan must leave this much of the card to the desktop and to what nobody planned. */
const MAX_PLAN_FRACTION = 0.9
/** A tool that hangs must not hang the check. */
const TOOL_TIMEOUT_MS = 10_000

type Managed = Extract<EnginePlan, { kind: 'managed' }>
const run = promisify(execFile)

export async function checkPlan(plan: EnginesPlan, dataDir: string, tools: CheckTools): Promise<CheckItem[]> {
  const managed = plan.engines.filter((engine) => engine.kind === 'managed')
  if (managed.length === 0) return checkDisks([{ folder: dataDir, minGib: 0, change: MOVE_DATA }])
  const compiling = managed.find(({ needs }) => needs?.compiles)?.needs
  const [card, pythons, compiler, disks, ...engines] = await Promise.all([
    checkCard(managed, tools),
    Promise.all(pythonsOf(managed).map(checkPython)),
    compiling ? checkCompiler(compiling.python) : [],
    checkDisks([{ folder: dataDir, minGib: MIN_DISK_LATER_GIB, change: MOVE_DATA }, ...managed.flatMap(disksOf)]),
    ...managed.flatMap((engine) => [
      checkProgram(engine),
      ...(engine.needs ? [checkPackages(engine.name, engine.needs)] : []),
      checkFiles(engine),
      checkPort(engine),
    ]),
  ])
  return [...card, ...pythons, ...compiler, ...disks, ...engines]
}

async function checkCard(managed: Managed[], { nvidiaSmi, gpuIndex }: CheckTools): Promise<CheckItem[]> {
  const planned = managed.reduce((sum, { launch }) => sum + launch.vramReserveBytes, 0)
  if (planned === 0) return []
  const card = gpuIndex === undefined ? [] : [`--id=${gpuIndex}`]
  const query = [...card, '--query-gpu=memory.total,driver_version', '--format=csv,noheader,nounits']
  const [total, driver = ''] = ((await ask(nvidiaSmi, query))?.split('\n')[0] ?? '').split(',')
  const totalMib = Number(total || Number.NaN)
  if (!(totalMib > 0)) {
    const change = 'install the NVIDIA driver, or set device = "cpu" or attached engines'
    return [item('card', 'no NVIDIA card answers', `${gib(planned)} planned`, { isGood: false, change })]
  }
  const fraction = planned / (totalMib * MIB)
  const isGood = fraction < MAX_PLAN_FRACTION
  const change = 'lower kv_cache_gib, take a smaller model, or set device = "cpu" for Whisper'
  const found = `${gib(planned)} planned of ${gib(totalMib * MIB)} (${Math.round(fraction * 100)} %)`
  return [
    item('memory of the card', found, `below ${MAX_PLAN_FRACTION * 100} %`, { isGood, change }),
    ...checkDriver(driver.trim(), Math.max(0, ...managed.map(({ needs }) => needs?.driver ?? 0))),
  ]
}

/** Empty where the driver's version is not known, or no engine needs one. */
function checkDriver(driver: string, major: number): CheckItem[] {
  if (driver === '' || major === 0) return []
  const change = `install the NVIDIA driver ${major} or newer: the packages are built for its CUDA`
  return [item('NVIDIA driver', driver, `${major} or newer`, { isGood: parseInt(driver) >= major, change })]
}

/** Each needed version once. */
function pythonsOf(managed: Managed[]): PythonNeed[] {
  const needs = managed.map((engine) => engine.needs?.python ?? ANY_PYTHON)
  return [...new Map(needs.map((need) => [pythonName(need), need])).values()]
}

async function checkPython(need: PythonNeed): Promise<CheckItem> {
  const python = await findPython(need)
  const verdict = { isGood: python !== undefined, change: adviceFor(need) }
  return item(`Python ${pythonName(need)}`, python?.version ?? 'none is found', pythonName(need), verdict)
}

/** Without a compiler an engine that compiles for the card ends at its start. */
async function checkCompiler(need: PythonNeed): Promise<CheckItem[]> {
  const headers = 'import os,sysconfig;print(os.path.exists(os.path.join(sysconfig.get_paths()["include"],"Python.h")))'
  const python = await findPython(need)
  const [cc, hasHeaders] = await Promise.all([ask('cc', ['--version']), python && ask(python.program, ['-c', headers])])
  const missing = [
    ...(cc === undefined ? ['no cc answers'] : []),
    ...(hasHeaders?.startsWith('True') ? [] : ['no Python.h']),
  ]
  const verdict = {
    isGood: missing.length === 0,
    change: `install a C compiler and the headers of Python: gcc, python3.${need.minor}-dev`,
  }
  return [item('C compiler', missing.join(', ') || 'is there', 'cc and Python.h', verdict)]
}

interface Disk {
  folder: string
  minGib: number
  change: string
}

const MOVE_DATA = 'free space, or set DATA_DIR to another disk'
const MOVE_MODELS = 'free space, or set models and venvs in gpu-node.toml to folders of another disk'

/** The disks of its environment and its weights. */
function disksOf(engine: Managed): Disk[] {
  const minGib = hasModels(engine) ? MIN_DISK_LATER_GIB : MIN_DISK_GIB
  const folders = engine.needs ? [engine.needs.venv, ...engine.needs.models.map(({ folder }) => folder)] : []
  return folders.map((folder) => ({ folder, minGib, change: MOVE_MODELS }))
}

/** Each disk once, by the most that is to be on it. A folder may be yet to be made. */
async function checkDisks(disks: Disk[]): Promise<CheckItem[]> {
  const most = new Map<number, Disk>()
  for (const { folder, ...rest } of disks) {
    let there = resolve(folder)
    while (!existsSync(there)) there = dirname(there)
    const { dev } = await stat(there)
    if ((most.get(dev)?.minGib ?? -1) < rest.minGib) most.set(dev, { folder: there, ...rest })
  }
  return Promise.all(
    [...most.values()].map(async ({ folder, minGib, change }) => {
      const { bavail, bsize } = await statfs(folder)
      const isGood = bavail * bsize > minGib * GIB
      const name = most.size === 1 ? 'disk' : `disk of ${folder}`
      return item(name, `${gib(bavail * bsize)} free`, `over ${minGib} GiB`, { isGood, change })
    }),
  )
}

const SETUP = (name: string): string => `npm run gpu-node -- setup --only ${name}`

async function checkProgram({ name, launch, needs }: Managed): Promise<CheckItem> {
  const [program = ''] = launch.command
  const isGood =
    !program.includes('/') ||
    (await access(program, constants.X_OK).then(
      () => true,
      () => false,
    ))
  const change = needs ? SETUP(name) : `put ${program} in place`
  return item(`${name}: program`, isGood ? 'is there' : 'is missing', program, { isGood, change })
}

async function checkPackages(name: string, needs: EngineNeeds): Promise<CheckItem> {
  const { requirements } = needs
  const missing = await missingPins(needs)
  const isGood = missing.length === 0
  const found = isGood ? 'as pinned' : `${missing.length} missing or of another version, first ${missing[0]}`
  return item(`${name}: packages`, found, `as in ${basename(requirements)}`, { isGood, change: SETUP(name) })
}

/** Weights, voices, scripts: what the command names by its whole path. */
async function checkFiles({ name, launch, needs, server }: Managed): Promise<CheckItem> {
  const models = (needs?.models ?? []).flatMap(filesOf)
  const named = launch.command.slice(1).filter((word) => isAbsolute(word))
  const voice =
    needs?.voices !== undefined && server.voice !== undefined
      ? ['wav', 'txt'].map((kind) => join(needs.voices ?? '', `${server.voice}.${kind}`))
      : []
  const paths = [...new Set([...named, ...models, ...voice])]
  const states = await Promise.all(
    paths.map((path) =>
      access(path).then(
        () => [],
        () => [path],
      ),
    ),
  )
  const missing = states.flat()
  const found = missing.length === 0 ? 'all there' : `${missing.length} of ${paths.length} missing`
  const change = `${needs ? `${SETUP(name)}, or ` : ''}put in place: ${missing.join(', ')}`
  return item(`${name}: files`, found, 'all there', { isGood: missing.length === 0, change })
}

/** For a whole repository its folder, under a name that says so where it is not whole. */
function filesOf({ folder, files }: ModelNeed): string[] {
  if (files) return files.map((file) => join(folder, basename(file)))
  return isWhole(folder) ? [folder] : [join(folder, '(the whole repository)')]
}

const hasModels = ({ needs }: Managed): boolean =>
  (needs?.models ?? []).flatMap(filesOf).every((path) => existsSync(path))

async function checkPort({ name, server }: Managed): Promise<CheckItem> {
  const port = Number(new URL(server.url).port)
  const isGood = await new Promise<boolean>((resolve) => {
    const probe = createServer().once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
  const change = `end what listens there, or set engines.${name}.port`
  return item(`${name}: port`, `${port} is ${isGood ? 'free' : 'taken'}`, 'free', { isGood, change })
}

/** Undefined where the tool is missing, fails or hangs. */
async function ask(tool: string, words: string[]): Promise<string | undefined> {
  return run(tool, words, { timeout: TOOL_TIMEOUT_MS }).then(
    ({ stdout, stderr }) => `${stdout}${stderr}`,
    () => undefined,
  )
}

function item(name: string, found: string, wanted: string, verdict: { isGood: boolean; change: string }): CheckItem {
  return { item: name, found, wanted, isGood: verdict.isGood, change: verdict.isGood ? '' : verdict.change }
}

const gib = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GiB`
