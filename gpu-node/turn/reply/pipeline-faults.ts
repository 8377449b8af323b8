// How engines fail within a reply, and what they are given. Used by reply-pipeline.ts and piece-voice.ts.
import { FaultError } from '#shared/fault.ts'
import { engineId } from '#shared/model/engine.ts'
import type { Tts } from '#gpu-node/engines/ports.ts'

/** Between two tokens, or two bits of audio. Over every engine's own limit, so that its better fault comes first. */
export const ENGINE_LIMIT_MS = 20_000
/** Audio of one piece: four times what MAX_PIECE_WIDTH can take to say. A TTS that goes on is broken. */
export const MAX_PIECE_AUDIO_MS = 60_000

export function isTransient(thrown: unknown): boolean {
  return thrown instanceof FaultError && thrown.fault.code === 'engine_failed' && thrown.fault.transient
}

export const endless = (tts: Tts): FaultError =>
  new FaultError({
    code: 'engine_failed',
    engineId: engineId(tts.engine),
    stage: 'tts',
    transient: false,
    detail: `more than ${MAX_PIECE_AUDIO_MS} ms of audio for one piece`,
  })
