// What the configuration says of the engines: which there are, how each is reached or started, and in which order a role asks
// them. Plain values for the rest of the node; made by engines-plan.ts. No secret but `apiKey` is in here.
import type { Language } from '#shared/model/language.ts'
import type { EngineNeeds } from './needs.ts'

export const ROLES = ['llm', 'stt', 'tts.fast', 'tts.hq'] as const
export type Role = (typeof ROLES)[number]

/** The name of the embedded engine of each role. */
export const EMBEDDED = 'embedded'

/** How servers of OpenAI's API differ; engines/openai/dialects.ts says what each wants. */
export const DIALECTS = ['openai', 'vllm', 'parley', 'vllm-omni', 'kokoro', 'speaches'] as const
export type Dialect = (typeof DIALECTS)[number]

/** An OpenAI-compatible server. */
export interface ServerPlan {
  url: string
  model: string
  apiKey: string | undefined
  /** How it differs from OpenAI's own. */
  dialect: Dialect
  /** For a TTS: the voice's id where a persona names none. */
  voice: string | undefined
  /** For a TTS: the mode that it is always asked for; undefined for the mode of its chain. */
  mode: 'fast' | 'hq' | undefined
  /** The Chinese script that its text must be in; any without it. */
  script: 'hans' | undefined
  languages: readonly Language[]
  sampleRate: number | undefined
}

/** How the node starts a server. */
export interface LaunchPlan {
  command: readonly string[]
  environment: Readonly<Record<string, string>>
  workingFolder: string
  /** Must be free on the card before it is started. */
  vramReserveBytes: number
  /** The flag that tells it its share of the card, by that reserve; undefined where it asks for none. */
  shareFlag?: string | undefined
  /** How long it may take from its start to its first real answer. */
  startTimeoutMs: number
  onDemand: boolean
  /** An engine on demand that nobody touched for this long is unloaded. */
  idleUnloadMs: number
}

export type EnginePlan =
  | { name: string; kind: 'embedded' }
  | { name: string; kind: 'attached'; server: ServerPlan }
  /** `needs`: undefined with a command of its own. */
  | { name: string; kind: 'managed'; server: ServerPlan; launch: LaunchPlan; needs?: EngineNeeds | undefined }

export interface EnginesPlan {
  /** In start order: llm, stt, tts. */
  engines: readonly EnginePlan[]
  /** Names in the order in which they are asked; `tts.hq` may be empty. */
  chains: Readonly<Record<Role, readonly string[]>>
}
