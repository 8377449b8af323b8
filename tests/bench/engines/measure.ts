// One engine at a time, asked through its port as a turn asks it: how long it takes, and how much it does in that time. Knows no
// table and no target.
import { systemClock } from '#shared/clock.ts'
import {
  ENGINE_INPUT_RATE,
  type Language,
  type Llm,
  type OnFallback,
  type Stt,
  type Tts,
} from '#gpu-node/engines/ports.ts'
import type { TtsMode } from '#shared/protocol/session-messages.ts'
import { monotonicMs } from '#tests/bench/monotonic.ts'

const FRAME_MS = 20
const FRAME_SAMPLES = (FRAME_MS * ENGINE_INPUT_RATE) / 1000
const MAX_REPLY_TOKENS = 160
/** An engine that needs longer for one request is not measured any more. */
const MAX_REQUEST_MS = 120_000

const deadline = (): AbortSignal => AbortSignal.timeout(MAX_REQUEST_MS)

/** Hears this; `ms` is from its last sample to the final text. At the pace of life engines work while the caller speaks. */
export async function recognise(
  stt: Stt,
  speech: { pcm: Int16Array; language: Language; isPaced: boolean },
  onFallback: OnFallback,
): Promise<{ ms: number; text: string }> {
  const { pcm, language, isPaced } = speech
  const stream = await stt.open({ language, signal: deadline(), onFallback })
  try {
    const begunAt = monotonicMs()
    for (let at = 0; at < pcm.length; at += FRAME_SAMPLES) {
      stream.push(pcm.subarray(at, at + FRAME_SAMPLES))
      const dueInMs = begunAt + ((at + FRAME_SAMPLES) * 1000) / ENGINE_INPUT_RATE - monotonicMs()
      if (isPaced && dueInMs > 0) await systemClock.sleep(dueInMs)
    }
    const endedAt = monotonicMs()
    const text = await stream.finish()
    return { ms: monotonicMs() - endedAt, text }
  } finally {
    stream.close()
  }
}

const SYSTEM = 'You are a friendly voice assistant. Answer in two or three short sentences, without lists.'

/** `tokensPerSecond`: of the tokens after the first; null where all came at once. */
export async function reply(
  llm: Llm,
  { question, language }: { question: string; language: Language },
  onFallback: OnFallback,
): Promise<{ firstTokenMs: number; tokensPerSecond: number | null }> {
  const messages = [
    { role: 'system' as const, content: SYSTEM },
    { role: 'user' as const, content: question },
  ]
  const askedAt = monotonicMs()
  let [first, last, pieces, tokens] = [NaN, NaN, 0, 0]
  const signal = deadline()
  for await (const delta of llm.complete({ messages, language, maxTokens: MAX_REPLY_TOKENS, signal, onFallback })) {
    if (delta.type === 'usage') {
      tokens = delta.completionTokens
      continue
    }
    last = monotonicMs()
    if (pieces++ === 0) first = last
  }
  // Servers that tell no usage send a token a piece.
  const counted = tokens || pieces
  return { firstTokenMs: first - askedAt, tokensPerSecond: pieces > 1 ? ((counted - 1) * 1000) / (last - first) : null }
}

export async function speak(
  tts: Tts,
  { text, language, mode }: { text: string; language: Language; mode: TtsMode },
  onFallback: OnFallback,
): Promise<{ firstAudioMs: number; wholeMs: number; audioMs: number; frames: Int16Array[] }> {
  const askedAt = monotonicMs()
  let firstAt: number | undefined
  const frames: Int16Array[] = []
  // Fresh: what the cache has says nothing of the engine.
  const how = { mode, isFresh: true, signal: deadline(), onFallback }
  for await (const frame of tts.synthesize({ text, language, ...how })) {
    firstAt ??= monotonicMs()
    frames.push(frame)
  }
  const endedAt = monotonicMs()
  const audioMs = (frames.reduce((sum, { length }) => sum + length, 0) * 1000) / tts.sampleRate
  if (firstAt === undefined) throw new Error(`${tts.engine.name}: no audio for "${text}"`)
  return { firstAudioMs: firstAt - askedAt, wholeMs: endedAt - askedAt, audioMs, frames }
}
