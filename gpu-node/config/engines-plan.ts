// Makes the plan of the engines from the file, and from the LLM_*, STT_* and TTS_* variables, which win: a role that they name
// has that server alone. Pure but for the variables that the file names.
import { resolve } from 'node:path'
import { invalid } from '#shared/fault.ts'
import type { Attached, GpuNodeFile, Managed } from './file-schema.ts'
import {
  EMBEDDED,
  ROLES,
  type Dialect,
  type EnginePlan,
  type EnginesPlan,
  type LaunchPlan,
  type Role,
  type ServerPlan,
} from './plan.ts'
import { GIB, planPreset, type Preset, type PresetPlan } from './presets.ts'
import { hintFor } from '#shared/nearest.ts'

type Variables = Readonly<Record<string, string | undefined>>
/** Servers that the environment names; the name of each is that of its role. */
export type NamedServers = Partial<Record<'llm' | 'stt' | 'tts', ServerPlan>>

/** The name is part of an address: /api/models/:id. */
const ENGINE_NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/
/** The dialect of each server that a preset starts. */
const PRESET_DIALECTS = { vllm: 'vllm', 'faster-whisper': 'parley', 'f5-tts': 'parley' } as const
const DEFAULT_START_TIMEOUT_MS = 60_000
const DEFAULT_IDLE_UNLOAD_S = 600

export function planEngines(file: GpuNodeFile, named: NamedServers, variables: Variables): EnginesPlan {
  const engines = new Map<string, EnginePlan>([[EMBEDDED, { name: EMBEDDED, kind: 'embedded' }]])
  for (const [name, engine] of Object.entries(file.engines ?? {})) {
    if (!ENGINE_NAME.test(name))
      throw invalid([
        `engines."${name}": must have 1 to 64 small letters, digits, - or _, and begin with none of the last two`,
      ])
    if (name === EMBEDDED) throw invalid([`engines.${EMBEDDED}: this name is taken by the engines that need no file`])
    engines.set(name, planEngine(name, engine, file, variables))
  }
  for (const [name, server] of Object.entries(named))
    engines.set(`${name}-of-environment`, { name: `${name}-of-environment`, kind: 'attached', server })
  const chains = Object.fromEntries(ROLES.map((role) => [role, chainOf(role, file, named, [...engines.keys()])]))
  const used = ROLES.flatMap((role) => chains[role] ?? [])
  const inOrder = [...new Set(used)].flatMap((name) => engines.get(name) ?? [])
  const speakers = ['tts.fast', 'tts.hq'].flatMap((role) => chains[role] ?? []).map((name) => engines.get(name))
  for (const engine of speakers)
    if (engine !== undefined && engine.kind !== 'embedded' && engine.server.voice === undefined)
      throw invalid([`engines.${engine.name}.voice: is needed where it speaks and is not set`])
  return { engines: inOrder, chains: chains as Record<Role, string[]> }
}

function chainOf(role: Role, file: GpuNodeFile, named: NamedServers, known: string[]): string[] {
  const family = role === 'llm' || role === 'stt' ? role : 'tts'
  // TTS_URL speaks in both modes, so that a file's engine for hq does not stay in force by accident.
  if (named[family] !== undefined) return role === 'tts.hq' ? [] : [`${family}-of-environment`]
  const chain = file.roles?.[role] ?? (role === 'tts.hq' ? [] : [EMBEDDED])
  const key = `roles.${role === family ? role : `"${role}"`}`
  if (chain.length === 0 && role !== 'tts.hq') throw invalid([`${key}: is []; it must name an engine, or "embedded"`])
  const stranger = chain.find((name) => !known.includes(name))
  if (stranger === undefined) return chain
  throw invalid([`${key}: names "${stranger}", which is no engine of this file; ${hintFor(stranger, known)}`])
}

function planEngine(name: string, engine: Attached | Managed, file: GpuNodeFile, variables: Variables): EnginePlan {
  const shared = servedAs(name, engine, variables)
  if (engine.kind === 'attached')
    return { name, kind: 'attached', server: { ...shared, url: engine.url, model: engine.model } }
  const preset = presetOf(name, engine, file)
  const needed = <T>(key: string, value: T | undefined, why: string): T => {
    if (value === undefined) throw invalid([`engines.${name}.${key}: is needed ${why} and is not set`])
    return value
  }
  const port = needed('port', engine.port ?? preset?.port, 'with a command of its own')
  const model = preset?.servedName ?? needed('model', engine.model, 'with a command of its own')
  const reserveGib = engine.vram_reserve_gib ?? preset?.vramReserveGib
  const vramReserveBytes = Math.round(needed('vram_reserve_gib', reserveGib, 'for a model that is not known') * GIB)
  const server = { ...shared, url: `http://127.0.0.1:${port}`, model }
  const launch = { ...launchOf(engine, preset), vramReserveBytes }
  return { name, kind: 'managed', server, launch, needs: preset?.needs }
}

function presetOf(name: string, engine: Managed, file: GpuNodeFile): PresetPlan | undefined {
  if (engine.engine === undefined && engine.command === undefined)
    throw invalid([`engines.${name}: needs engine = "vllm", "faster-whisper" or "f5-tts", or a command of its own`])
  const folders = { models: resolve(file.models ?? 'data/models'), venvs: resolve(file.venvs ?? 'data/venvs') }
  return engine.engine && planPreset(engine.engine, engine, folders)
}

function launchOf(engine: Managed, preset: PresetPlan | undefined): Omit<LaunchPlan, 'vramReserveBytes'> {
  const { start_timeout_s: startTimeoutS, idle_unload_s: idleUnloadS = DEFAULT_IDLE_UNLOAD_S } = engine
  return {
    // A command of one's own has its own flags.
    ...(engine.command
      ? { command: engine.command }
      : { command: preset?.command ?? [], shareFlag: preset?.shareFlag }),
    environment: { ...preset?.environment, ...engine.environment },
    workingFolder: resolve(engine.working_folder ?? '.'),
    startTimeoutMs:
      startTimeoutS === undefined ? (preset?.startTimeoutMs ?? DEFAULT_START_TIMEOUT_MS) : startTimeoutS * 1000,
    onDemand: engine.on_demand ?? false,
    idleUnloadMs: idleUnloadS * 1000,
  }
}

const dialectOf = (preset: Preset | undefined): Dialect => (preset ? PRESET_DIALECTS[preset] : 'openai')

function servedAs(name: string, engine: Attached | Managed, variables: Variables): Omit<ServerPlan, 'url' | 'model'> {
  const { api_key_env: keyVariable } = engine
  const apiKey = keyVariable === undefined ? undefined : variables[keyVariable]
  if (keyVariable !== undefined && (apiKey === undefined || apiKey === ''))
    throw invalid([`${keyVariable}: is needed (engines.${name}.api_key_env names it) and is not set`])
  const preset = engine.kind === 'managed' ? engine.engine : undefined
  const isF5 = preset === 'f5-tts'
  return {
    apiKey,
    dialect: engine.dialect ?? dialectOf(preset),
    voice: engine.voice ?? (isF5 ? 'default' : undefined),
    mode: engine.mode,
    // F5's word list is of Simplified text.
    script: engine.script ?? (isF5 ? 'hans' : undefined),
    languages: engine.languages ?? ['en', 'zh'],
    sampleRate: engine.sample_rate,
  }
}
