// Speech recognition by PocketSphinx, as WebAssembly in worker threads: it proves the loop with no download beyond npm,
// and is a demonstration. English only; what is said in another language comes out as English words that sound alike.
// Owns the streams; recognisers and their waiting line are pocketsphinx-pool.ts, decoding is pocketsphinx-worker.ts.
import { availableParallelism } from 'node:os'
import type { Clock } from '#shared/clock.ts'
import { systemClock } from '#shared/clock.ts'
import { FaultError } from '#shared/fault.ts'
import { invariant } from '#shared/invariant.ts'
import type { Log } from '#shared/log.ts'
import type { EngineInfo } from '#shared/model/engine.ts'
import { engineId } from '#shared/model/engine.ts'
import type { Recogniser } from './pocketsphinx-pool.ts'
import { RecogniserPool } from './pocketsphinx-pool.ts'
import { compilePocketsphinx } from './pocketsphinx-wasm.ts'
import type { RecogniserRequest } from './pocketsphinx-worker.ts'
import type { Stt, SttOptions, SttStream } from '#gpu-node/engines/ports.ts'
import { ENGINE_INPUT_RATE } from '#gpu-node/engines/ports.ts'

const ENGINE: EngineInfo = { role: 'stt', name: 'pocketsphinx', version: '5prealpha-wasm', demonstration: true }
/** Audio of one utterance. Sessions close theirs at 60 s; the rest is what was on its way then. */
const MAX_UTTERANCE_SAMPLES = 65 * ENGINE_INPUT_RATE
/** A text is ready within 50 ms of the audio before it; a backlog this long means that the worker hangs. */
const DECODE_LIMIT_MS = 30_000

export interface PocketsphinxOptions {
  log: Log
  /** Recognisers, and so utterances at once; each takes a core while it decodes and about 190 MB. */
  slots?: number
  clock?: Clock
  /** The worker thread's file; tests put a scripted one here. */
  entry?: URL
}

export async function createPocketsphinxStt(options: PocketsphinxOptions): Promise<Stt> {
  const pool = new RecogniserPool({
    engineId: engineId(ENGINE),
    slots: options.slots ?? Math.max(2, availableParallelism() - 1),
    clock: options.clock ?? systemClock,
    log: options.log,
    entry: options.entry ?? new URL('./pocketsphinx-worker.ts', import.meta.url),
    module: await compilePocketsphinx(),
  })
  await pool.warmUp()
  return new PocketsphinxStt(pool)
}

class PocketsphinxStt implements Stt {
  readonly engine = ENGINE
  readonly slots: number
  readonly #pool: RecogniserPool
  #utterances = 0

  constructor(pool: RecogniserPool) {
    this.#pool = pool
    this.slots = pool.slots
  }

  async open(options: SttOptions): Promise<SttStream> {
    const recogniser = await this.#pool.take(options.signal)
    // 31 bits, to stay within the shared cell; 0 is no utterance.
    this.#utterances = (this.#utterances % 0x7fffffff) + 1
    return new PocketsphinxStream(this.#pool, recogniser, { ...options, utterance: this.#utterances })
  }

  close(): Promise<void> {
    return this.#pool.close()
  }
}

class PocketsphinxStream implements SttStream {
  readonly #pool: RecogniserPool
  readonly #recogniser: Recogniser
  readonly #utterance: number
  readonly #signal: AbortSignal
  readonly #onAbort = (): void => this.close()
  #state: 'open' | 'finishing' | 'ended' = 'open'
  #taken = 0

  constructor(pool: RecogniserPool, recogniser: Recogniser, options: SttOptions & { utterance: number }) {
    this.#pool = pool
    this.#recogniser = recogniser
    this.#utterance = options.utterance
    this.#signal = options.signal
    Atomics.store(recogniser.wanted, 0, this.#utterance)
    recogniser.onPartial = ({ utterance, text }) => {
      if (this.#state === 'open' && utterance === this.#utterance) options.onPartial?.(text)
    }
    this.#signal.addEventListener('abort', this.#onAbort, { once: true })
    if (this.#signal.aborted) this.close()
  }

  push(pcm: Int16Array): void {
    if (this.#state !== 'open') return
    this.#taken += pcm.length
    if (this.#taken > MAX_UTTERANCE_SAMPLES) return
    const copy = Int16Array.from(pcm)
    this.#recogniser.thread.tell({ type: 'push', utterance: this.#utterance, pcm: copy } satisfies RecogniserRequest, [
      copy.buffer,
    ])
  }

  snapshot(): Promise<string> {
    return this.#ask('snapshot')
  }

  async finish(): Promise<string> {
    const text = this.#ask('finish')
    if (this.#state === 'open') this.#state = 'finishing'
    try {
      return await text
    } finally {
      this.#end()
    }
  }

  close(): void {
    if (this.#state === 'ended') return
    // First the cell, so that the audio that still waits in the thread is passed over.
    Atomics.store(this.#recogniser.wanted, 0, 0)
    this.#recogniser.thread.tell({ type: 'drop', utterance: this.#utterance } satisfies RecogniserRequest)
    this.#end()
  }

  async #ask(type: 'snapshot' | 'finish'): Promise<string> {
    this.#signal.throwIfAborted()
    invariant(this.#state === 'open', `${type} of an open stream`)
    if (this.#taken > MAX_UTTERANCE_SAMPLES) {
      const facts = { max: MAX_UTTERANCE_SAMPLES, got: this.#taken, unit: 'samples' }
      throw new FaultError({ code: 'too_large', limit: 'utterance', ...facts })
    }
    const request: RecogniserRequest = { type, utterance: this.#utterance }
    const reply = this.#recogniser.thread.call(request, { limitMs: DECODE_LIMIT_MS })
    const text = await orAborted(reply, this.#signal)
    invariant(typeof text === 'string', 'the recogniser answers with text')
    return text
  }

  #end(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#signal.removeEventListener('abort', this.#onAbort)
    this.#pool.giveBack(this.#recogniser)
  }
}

/** The promise's outcome, or the signal's reason if that comes first. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
