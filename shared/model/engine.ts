// One implementation of vad, stt, llm or tts, with a version. Its id, `whisper@3.1`, is what turns and rollouts record.
import * as v from 'valibot'

export const EngineRole = v.picklist(['vad', 'stt', 'llm', 'tts'])
export type EngineRole = v.InferOutput<typeof EngineRole>

/** The life of an engine: of a program that the node started, or of a server that it only asks. */
export const EngineState = v.picklist([
  'stopped',
  'starting',
  'warming',
  'ready',
  'degraded',
  'draining',
  'stopping',
  'backoff',
  'failed',
])
export type EngineState = v.InferOutput<typeof EngineState>

export const EngineInfo = v.object({
  role: EngineRole,
  name: v.pipe(v.string(), v.maxLength(64)),
  version: v.pipe(v.string(), v.maxLength(64)),
  /** True for engines that prove the loop but are not good enough for real use; shown wherever the engine is. */
  demonstration: v.optional(v.boolean(), false),
})
export type EngineInfo = v.InferOutput<typeof EngineInfo>

/** Its name in a node's configuration: `qwen`. */
export const EngineName = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'not the name of an engine'))

/** By name (`qwen`) or id (`qwen@3`). */
export const EngineNameOrId = v.pipe(v.string(), v.minLength(1), v.maxLength(129))
/** Which engine should do what. */
export const EngineWishes = v.strictObject({
  stt: v.optional(EngineNameOrId),
  llm: v.optional(EngineNameOrId),
  tts: v.optional(EngineNameOrId),
})
export type EngineWishes = v.InferOutput<typeof EngineWishes>

const Count = v.pipe(v.number(), v.minValue(0))

/** An engine as its node reports it to an operator (GET /api/models). Unknown values are null. */
export const EngineReport = v.object({
  /** Its name in the node's configuration. */
  id: v.string(),
  ...EngineInfo.entries,
  kind: v.picklist(['embedded', 'attached', 'managed']),
  state: EngineState,
  /** Why it is not ready, in words for the operator. */
  reason: v.nullable(v.string()),
  device: v.nullable(v.string()),
  vramBytes: v.nullable(Count),
  /** How long the oldest request has waited for it. */
  queueMs: v.nullable(Count),
  /** Of the last turns: final transcript, first token, or first audio. */
  latencyMs: v.nullable(v.object({ p50: Count, p95: Count, turns: Count })),
  /** Turns in which another engine replaced it, by reason. */
  fallbacks: v.record(v.string(), Count),
})
export type EngineReport = v.InferOutput<typeof EngineReport>

export type EngineId = `${string}@${string}`
export const engineId = (engine: EngineInfo): EngineId => `${engine.name}@${engine.version}`

export const isWished = (engine: EngineInfo, wish: string): boolean => wish === engine.name || wish === engineId(engine)
