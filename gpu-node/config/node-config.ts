// The node's settings: the environment and gpu-node.toml, read and checked once at the start; the environment wins. Everything
// else gets plain values.
import { existsSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import * as v from 'valibot'
import { invalid } from '#shared/fault.ts'
import { address, oneOf, readEnvironment, secret, whole } from '#shared/on-node/config.ts'
import type { LogLevel } from '#shared/on-node/log.ts'
import { LOG_LEVELS } from '#shared/on-node/log.ts'
import { MAX_SLOTS } from '#shared/protocol/node-messages.ts'
import type { EngineSettings } from '#gpu-node/engines/choose-engines.ts'
import { planEngines, type NamedServers } from './engines-plan.ts'
import type { GpuNodeFile } from './file-schema.ts'
import { planGuard, planSpeechCache, type GuardPlan } from './guard-plan.ts'
import type { EnginesPlan, ServerPlan } from './plan.ts'
import { readTomlFile } from './toml-file.ts'

export interface NodeConfig extends EngineSettings {
  /** ws: or wss:, without a slash at its end. */
  edgeUrl: string
  token: string
  name: string
  /** This program's version, for people. */
  version: string
  dataDir: string
  logLevel: LogLevel
  /** The operator's file of words that no reply says. */
  profanity?: string | undefined
  /** The port of GET /health on the loopback interface; undefined for none. */
  port: number | undefined
  guard: GuardPlan
  /** How the card is read. */
  gpu: { program: string | undefined; index: number | undefined }
}

/** Read where GPU_NODE_CONFIG names no other, and where it is there. */
const DEFAULT_FILE = 'gpu-node.toml'

/** Bounds of node.hello. */
const MAX_NAME_CHARS = 64
/** Shorter ones are typing errors: the edge makes 43 characters. */
const MIN_TOKEN_CHARS = 16
/** The most cards of one machine. */
const MAX_CARDS = 64
const ENGINE_SCHEMES = ['http:', 'https:']
const name = v.pipe(v.string(), v.maxLength(MAX_NAME_CHARS, `must have at most ${MAX_NAME_CHARS} characters`))
const Environment = v.object({
  EDGE_URL: v.optional(address('ws:', 'wss:', 'http:', 'https:'), 'ws://127.0.0.1:8787'),
  NODE_TOKEN: v.optional(secret(MIN_TOKEN_CHARS)),
  NODE_TOKEN_FILE: v.optional(v.string()),
  GPU_NODE_CONFIG: v.optional(v.string()),
  NODE_NAME: v.optional(name, () => hostname().slice(0, MAX_NAME_CHARS)),
  DATA_DIR: v.optional(v.string(), './data'),
  SLOTS: v.optional(whole(1, MAX_SLOTS)),
  LLM_URL: v.optional(address(...ENGINE_SCHEMES)),
  LLM_MODEL: v.optional(v.string()),
  LLM_API_KEY: v.optional(v.string()),
  STT_URL: v.optional(address(...ENGINE_SCHEMES)),
  STT_MODEL: v.optional(v.string()),
  STT_API_KEY: v.optional(v.string()),
  TTS_URL: v.optional(address(...ENGINE_SCHEMES)),
  TTS_MODEL: v.optional(v.string()),
  TTS_VOICE: v.optional(v.string()),
  TTS_API_KEY: v.optional(v.string()),
  LOG_LEVEL: v.optional(oneOf(...LOG_LEVELS), 'info'),
  NVIDIA_SMI_BIN: v.optional(v.string()),
  GPU_INDEX: v.optional(whole(0, MAX_CARDS)),
  NODE_PORT: v.optional(whole(1, 65_535)),
  PROFANITY_FILE: v.optional(v.string()),
})
type Environment = v.InferOutput<typeof Environment>

/** Throws FaultError invalid_message; each issue names the variable and what is allowed. */
export function readNodeConfig(environment: NodeJS.ProcessEnv = process.env): NodeConfig {
  const e = readEnvironment(Environment, environment)
  const file = readFile(e.GPU_NODE_CONFIG)
  return {
    edgeUrl: socketUrl(e.EDGE_URL),
    token: readToken(e),
    name: e.NODE_NAME,
    version: readVersion(),
    dataDir: e.DATA_DIR,
    slots: e.SLOTS ?? file.slots,
    plan: onCard(planEngines(file, namedServers(e), environment), e.GPU_INDEX),
    logLevel: e.LOG_LEVEL,
    port: e.NODE_PORT,
    profanity: e.PROFANITY_FILE === undefined ? undefined : readProfanity(e.PROFANITY_FILE),
    guard: planGuard(file),
    gpu: { program: e.NVIDIA_SMI_BIN, index: e.GPU_INDEX },
    speechCache: planSpeechCache(file, e.DATA_DIR),
  }
}

/** What `check` and `setup` need: no token, no edge. */
export function readEnginesPlan(environment: NodeJS.ProcessEnv): {
  engines: EnginesPlan
  dataDir: string
  gpuIndex: number | undefined
  /** The file of engines, whether it is there or not. */
  file: string
} {
  const e = readEnvironment(Environment, environment)
  const engines = planEngines(readFile(e.GPU_NODE_CONFIG), namedServers(e), environment)
  return { engines, dataDir: e.DATA_DIR, gpuIndex: e.GPU_INDEX, file: e.GPU_NODE_CONFIG ?? DEFAULT_FILE }
}

/** The card that is watched is the one that engines run on. nvidia-smi counts by the bus, CUDA by speed unless it is told. */
function onCard(plan: EnginesPlan, index: number | undefined): EnginesPlan {
  if (index === undefined) return plan
  const card = { CUDA_DEVICE_ORDER: 'PCI_BUS_ID', CUDA_VISIBLE_DEVICES: String(index) }
  const engines = plan.engines.map((engine) => {
    if (engine.kind !== 'managed') return engine
    return { ...engine, launch: { ...engine.launch, environment: { ...card, ...engine.launch.environment } } }
  })
  return { ...plan, engines }
}

function readFile(path: string | undefined): GpuNodeFile {
  if (path === undefined && !existsSync(DEFAULT_FILE)) return {}
  return readTomlFile(path ?? DEFAULT_FILE)
}

function namedServers(e: Environment): NamedServers {
  const llm = engineServer('LLM', { url: e.LLM_URL, model: e.LLM_MODEL, apiKey: e.LLM_API_KEY })
  const stt = engineServer('STT', { url: e.STT_URL, model: e.STT_MODEL, apiKey: e.STT_API_KEY })
  const tts = engineServer('TTS', { url: e.TTS_URL, model: e.TTS_MODEL, apiKey: e.TTS_API_KEY })
  const voice = tts && needed('TTS_VOICE', e.TTS_VOICE, 'with TTS_URL')
  return { ...(llm && { llm }), ...(stt && { stt }), ...(tts && { tts: { ...tts, voice } }) }
}

/** People copy the address out of the browser: http means ws, and a slash at the end means nothing. */
function socketUrl(text: string): string {
  return text.replace(/^http/, 'ws').replace(/\/+$/, '')
}

function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return v.parse(v.object({ version: v.string() }), JSON.parse(text)).version
}

function readToken({ NODE_TOKEN, NODE_TOKEN_FILE }: Environment): string {
  if (NODE_TOKEN !== undefined) return NODE_TOKEN
  if (NODE_TOKEN_FILE === undefined)
    throw invalid('NODE_TOKEN: is needed and is not set (or NODE_TOKEN_FILE); `parley nodes add` makes one')
  let token: string
  try {
    token = readFileSync(NODE_TOKEN_FILE, 'utf8').trim()
  } catch {
    throw invalid('NODE_TOKEN_FILE: must be a file that can be read')
  }
  if (token.length >= MIN_TOKEN_CHARS) return token
  throw invalid(`NODE_TOKEN_FILE: must hold a token of at least ${MIN_TOKEN_CHARS} characters`)
}

function readProfanity(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw invalid('PROFANITY_FILE: must be a file that can be read')
  }
}

/** What the environment does not say about a server. */
const OPENAI_SERVER = {
  dialect: 'openai',
  voice: undefined,
  mode: undefined,
  script: undefined,
  languages: ['en', 'zh'],
  sampleRate: undefined,
} as const

function engineServer(
  role: string,
  server: { url: string | undefined; model: string | undefined; apiKey: string | undefined },
): ServerPlan | undefined {
  const { url, model, apiKey } = server
  if (url !== undefined)
    return { ...OPENAI_SERVER, url, model: needed(`${role}_MODEL`, model, `with ${role}_URL`), apiKey }
  if (model !== undefined) throw invalid(`${role}_MODEL: is of use only with ${role}_URL`)
  return undefined
}

function needed(variable: string, value: string | undefined, when: string): string {
  if (value === undefined) throw invalid(`${variable}: is needed ${when} and is not set`)
  return value
}
