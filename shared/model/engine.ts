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

export type EngineId = `${string}@${string}`
export const engineId = (engine: EngineInfo): EngineId => `${engine.name}@${engine.version}`
