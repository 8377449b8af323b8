// Which engines a node has and in which order each role asks them: what the configuration says and choose-engines.ts builds.
// `embedded` is the name of the embedded engine of each role.
import type { Language } from '#shared/model/language.ts'
import type { TtsMode } from '#shared/protocol/session-messages.ts'

/** What a chain is for. */
export type ChainRole = 'llm' | 'stt' | 'tts.fast' | 'tts.hq'

/** An OpenAI-compatible server. */
export interface ServerPlan {
  url: string
  model: string
  apiKey: string | undefined
  /** How it differs from OpenAI's own. */
  dialect: string
  /** Of a voice: its id where a persona names none. */
  voice: string | undefined
  /** Of a voice: the mode that it is asked for whatever the chain; the chain's own without it. */
  mode: TtsMode | undefined
  languages: readonly Language[]
  sampleRate: number | undefined
}

export type EnginePlan =
  | { name: string; kind: 'embedded' }
  /** It runs elsewhere and is only asked. */
  | { name: string; kind: 'attached'; server: ServerPlan }
  /** The node starts and watches it. */
  | { name: string; kind: 'managed'; server: ServerPlan; launch: { onDemand: boolean } }

export interface EnginesPlan {
  engines: readonly EnginePlan[]
  /** Names in the order in which they are asked; `tts.hq` may be empty. */
  chains: Readonly<Record<ChainRole, readonly string[]>>
}

export const EMBEDDED = 'embedded'
