// The node's settings: the environment, read and checked once at the start. Everything else gets plain values.
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { FaultError } from '#shared/fault.ts'
import { address, oneOf, readEnvironment, secret, whole } from '#shared/on-node/config.ts'
import type { LogLevel } from '#shared/on-node/log.ts'
import { LOG_LEVELS } from '#shared/on-node/log.ts'
import { MAX_SLOTS } from '#shared/protocol/node-messages.ts'
import type { Guard } from '#gpu-node/admission/refusal.ts'
import type { EngineSettings } from '#gpu-node/engines/choose-engines.ts'
import type { ChainRole, EnginePlan, EnginesPlan } from '#gpu-node/engines/plan.ts'

export interface NodeConfig extends EngineSettings {
  guard: Guard
  /** ws: or wss:, without a slash at its end. */
  edgeUrl: string
  token: string
  name: string
  /** Of this program, for people. */
  version: string
  dataDir: string
  logLevel: LogLevel
  /** Of GET /health on the loopback interface; undefined for none. */
  port: number | undefined
}

/** Bounds of node.hello. */
const MAX_NAME_CHARS = 64
/** Shorter ones are typing errors: the edge makes 43 characters. */
const MIN_TOKEN_CHARS = 16
const ENGINE_SCHEMES = ['http:', 'https:']
/** Some of each of five sessions may wait for a moment; more than that is heard. */
const GUARD: Guard = {
  maxVramFraction: 0.9,
  maxWaitingRequests: 4,
  maxKvCacheFraction: 0.95,
  maxSttQueueMs: 1_000,
  maxTtsQueueMs: 150,
}

/** About an hour and a half of speech at 24 kHz: far more than all phrases of some personas. */
const SPEECH_CACHE_BYTES = 256 * 1024 * 1024

const name = v.pipe(v.string(), v.maxLength(MAX_NAME_CHARS, `must have at most ${MAX_NAME_CHARS} characters`))
const Environment = v.object({
  EDGE_URL: v.optional(address('ws:', 'wss:', 'http:', 'https:'), 'ws://127.0.0.1:8787'),
  NODE_TOKEN: v.optional(secret(MIN_TOKEN_CHARS)),
  NODE_TOKEN_FILE: v.optional(v.string()),
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
  NODE_PORT: v.optional(whole(1, 65_535)),
})
type Environment = v.InferOutput<typeof Environment>

/** Throws FaultError invalid_message; each issue names the variable and what is allowed. */
export function readNodeConfig(environment: NodeJS.ProcessEnv = process.env): NodeConfig {
  const e = readEnvironment(Environment, environment)
  return {
    edgeUrl: socketUrl(e.EDGE_URL),
    token: readToken(e),
    name: e.NODE_NAME,
    version: readVersion(),
    dataDir: e.DATA_DIR,
    slots: e.SLOTS,
    plan: enginesPlan(e),
    guard: GUARD,
    speechCache: { folder: join(e.DATA_DIR, 'speech-cache'), maxBytes: SPEECH_CACHE_BYTES },
    logLevel: e.LOG_LEVEL,
    port: e.NODE_PORT,
  }
}

/** People copy the address out of the browser: http means ws, and a slash at the end means nothing. */
function socketUrl(text: string): string {
  return text.replace(/^http/, 'ws').replace(/\/+$/, '')
}

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return v.parse(v.object({ version: v.string() }), JSON.parse(text)).version
}

function readToken({ NODE_TOKEN, NODE_TOKEN_FILE }: Environment): string {
  if (NODE_TOKEN !== undefined) return NODE_TOKEN
  if (NODE_TOKEN_FILE === undefined)
    throw refusal('NODE_TOKEN: is needed and is not set (or NODE_TOKEN_FILE); `parley nodes add` makes one')
  let token: string
  try {
    token = readFileSync(NODE_TOKEN_FILE, 'utf8').trim()
  } catch {
    throw refusal('NODE_TOKEN_FILE: must be a file that can be read')
  }
  if (token.length >= MIN_TOKEN_CHARS) return token
  throw refusal(`NODE_TOKEN_FILE: must hold a token of at least ${MIN_TOKEN_CHARS} characters`)
}

/** A server that is named takes an embedded engine's place. */
function enginesPlan(e: Environment): EnginesPlan {
  const embedded = ['embedded']
  const chains: Record<ChainRole, readonly string[]> = {
    llm: embedded,
    stt: embedded,
    'tts.fast': embedded,
    'tts.hq': [],
  }
  const engines: EnginePlan[] = []
  const use = (chain: ChainRole, engine: EnginePlan | undefined): void => {
    if (!engine) return
    engines.push(engine)
    chains[chain] = [engine.name]
  }
  use('llm', attached('LLM', { url: e.LLM_URL, model: e.LLM_MODEL, apiKey: e.LLM_API_KEY }))
  use('stt', attached('STT', { url: e.STT_URL, model: e.STT_MODEL, apiKey: e.STT_API_KEY }))
  use('tts.fast', attached('TTS', { url: e.TTS_URL, model: e.TTS_MODEL, apiKey: e.TTS_API_KEY, voice: e.TTS_VOICE }))
  return { engines, chains }
}

interface NamedServer {
  url: string | undefined
  model: string | undefined
  apiKey: string | undefined
  voice?: string | undefined
}

function attached(role: 'LLM' | 'STT' | 'TTS', { url, model, apiKey, voice }: NamedServer): EnginePlan | undefined {
  if (url === undefined) {
    if (model !== undefined) throw refusal(`${role}_MODEL: is of use only with ${role}_URL`)
    return undefined
  }
  const server = {
    url,
    model: needed(`${role}_MODEL`, model, `with ${role}_URL`),
    apiKey,
    dialect: 'openai',
    voice: role === 'TTS' ? needed('TTS_VOICE', voice, 'with TTS_URL') : undefined,
    mode: undefined,
    languages: ['en', 'zh'] as const,
    sampleRate: undefined,
  }
  return { name: role.toLowerCase(), kind: 'attached', server }
}

function needed(variable: string, value: string | undefined, when: string): string {
  if (value === undefined) throw refusal(`${variable}: is needed ${when} and is not set`)
  return value
}

const refusal = (issue: string): FaultError => new FaultError({ code: 'invalid_message', issues: [issue] })
