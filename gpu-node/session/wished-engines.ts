// The engines of one session: those of the node, with the ones that its persona wishes asked first. Used by node-session.ts.
import type { EngineWishes } from '#shared/model/engine.ts'
import type { Engines } from '#gpu-node/engines/ports.ts'

/** A role without a wish, or without the engine that is wished for, stays as it is. */
export function wishedEngines(engines: Engines, wishes: EngineWishes = {}): Engines {
  const { vad, stt, llm, tts } = engines
  const prefer = <E extends { preferring?(wish: string): E | undefined }>(engine: E, wish: string | undefined): E =>
    wish === undefined ? engine : (engine.preferring?.(wish) ?? engine)
  return { vad, stt: prefer(stt, wishes.stt), llm: prefer(llm, wishes.llm), tts: prefer(tts, wishes.tts) }
}
