// Knows how far the served engines are behind: asks each server's /metrics every other second, never twice at a time, and keeps the last
// answer while it is fresh. vLLM and our own workers tell; others are unknown. No other path of a server is ever called from here.
import type { Clock } from '#shared/clock.ts'
import { largestSample } from './prometheus.ts'

const ASK_EVERY_MS = 2_000
const ANSWER_WITHIN_MS = 1_500
/** Three answers were missed. */
const FRESH_MS = 3 * ASK_EVERY_MS
/** vLLM tells some 100 KiB. */
const MAX_ANSWER_BYTES = 1024 * 1024

/** The names of vLLM's gauges (docs.vllm.ai, usage/metrics) and of our workers' (gpu-node/engines/python/harness). */
const WAITING = 'vllm:num_requests_waiting'
const KV_CACHE = 'vllm:kv_cache_usage_perc'
const OLDEST_WAIT_S = 'parley_queue_oldest_wait_seconds'

export interface EngineLoad {
  waitingRequests: number | null
  kvCacheFraction: number | null
  sttQueueMs: number | null
  ttsQueueMs: number | null
}

/** A server that may tell. */
export interface LoadSource {
  role: 'llm' | 'stt' | 'tts'
  /** Base address, with or without a version. */
  url: string
}

export interface LoadPollOptions {
  sources: readonly LoadSource[]
  clock: Clock
  fetch?: typeof fetch
}

export class LoadPoll {
  readonly #options: LoadPollOptions
  readonly #answers = new Map<LoadSource, { at: number; text: string }>()
  readonly #asking = new Set<LoadSource>()
  #stop: () => void = () => {}

  constructor(options: LoadPollOptions) {
    this.#options = options
  }

  start(): void {
    const { clock, sources } = this.#options
    if (sources.length > 0) this.#stop = clock.every(ASK_EVERY_MS, () => this.#askAll())
  }

  stop(): void {
    this.#stop()
  }

  /** The worst of each; null where nobody tells. */
  latest(): EngineLoad {
    const seconds = (role: LoadSource['role']): number | null => this.#worst(role, OLDEST_WAIT_S)
    const ms = (wait: number | null): number | null => (wait === null ? null : wait * 1000)
    return {
      waitingRequests: this.#worst('llm', WAITING),
      kvCacheFraction: this.#worst('llm', KV_CACHE),
      sttQueueMs: ms(seconds('stt')),
      ttsQueueMs: ms(seconds('tts')),
    }
  }

  #worst(role: LoadSource['role'], name: string): number | null {
    const now = this.#options.clock.now()
    const told = [...this.#answers]
      .filter(([source, { at }]) => source.role === role && now - at < FRESH_MS)
      .map(([, { text }]) => largestSample(text, name))
      .filter((sample) => sample !== null)
    return told.length > 0 ? Math.max(...told) : null
  }

  #askAll(): void {
    for (const source of this.#options.sources) {
      if (this.#asking.has(source)) continue
      this.#asking.add(source)
      // A server that is down tells nothing. latest() then says that nothing is known.
      this.#ask(source)
        .catch(() => {})
        .finally(() => this.#asking.delete(source))
    }
  }

  async #ask(source: LoadSource): Promise<void> {
    const { clock, fetch: ask = fetch } = this.#options
    const answer = await ask(new URL('/metrics', source.url), { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })
    const text = answer.ok ? await textWithin(answer, MAX_ANSWER_BYTES) : await answer.body?.cancel()
    if (text) this.#answers.set(source, { at: clock.now(), text })
  }
}

/** Undefined where it is longer. */
async function textWithin(answer: Response, maxBytes: number): Promise<string | undefined> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const part of answer.body ?? []) {
    bytes += part.byteLength
    // Leaving the loop cancels the stream.
    if (bytes > maxBytes) return undefined
    text += decoder.decode(part, { stream: true })
  }
  return text
}
