// The recognisers of pocketsphinx-stt.ts: one worker thread each, started when first needed and kept warm, lent to one
// utterance at a time. Owns who waits, for how long, and the replacement of crashed workers. Knows no text.
import type { Clock } from '#shared/clock.ts'
import { FaultError } from '#shared/fault.ts'
import type { Log } from '#shared/log.ts'
import { threadPeer } from '#gpu-node/engines/embedded/embedded-peer.ts'
import { EngineWorker } from '#gpu-node/engines/embedded/embedded-worker.ts'
import type { RecogniserEvent, RecogniserRequest, RecogniserSetup } from './pocketsphinx-worker.ts'

/** A caller who has begun to speak is answered or refused within this; the audio of his utterance waits meanwhile. */
const TAKE_LIMIT_MS = 3_000
/** Utterances that may wait. More sessions than slots are not accepted, so this only fills while workers are replaced. */
const MAX_WAITING = 16
/** Loading takes half a second; a busy machine may need much longer. */
const LOAD_LIMIT_MS = 60_000

export interface PoolOptions {
  engineId: string
  slots: number
  clock: Clock
  log: Log
  entry: URL
  module: WebAssembly.Module
}

export interface Recogniser {
  thread: EngineWorker
  /** Shared with the thread: the number of the utterance that is still wanted. */
  wanted: Int32Array
  onPartial: ((event: RecogniserEvent) => void) | undefined
}

interface Waiting {
  resolve: (recogniser: Recogniser) => void
  reject: (reason: unknown) => void
}

export class RecogniserPool {
  readonly #options: PoolOptions
  readonly #all = new Set<Recogniser>()
  readonly #idle: Recogniser[] = []
  readonly #waiting = new Set<Waiting>()
  #isClosed = false

  constructor(options: PoolOptions) {
    this.#options = options
  }

  get slots(): number {
    return this.#options.slots
  }

  /** Loads the first recogniser, so that a broken package is known before the first caller. */
  async warmUp(): Promise<void> {
    const recogniser = this.#start()
    await load(recogniser)
    this.giveBack(recogniser)
  }

  /** A free recogniser, or one that is being loaded: it takes audio at once and decodes it when it can. */
  async take(signal: AbortSignal): Promise<Recogniser> {
    signal.throwIfAborted()
    if (this.#isClosed) throw this.failed('the recogniser was closed')
    const free = this.#idle.pop()
    if (free) return free
    if (this.#all.size < this.#options.slots) {
      const started = this.#start()
      // A failed load ends the thread, and so all that is asked of it.
      load(started).catch(() => {})
      return started
    }
    if (this.#waiting.size >= MAX_WAITING) throw this.failed('too many utterances wait')
    return this.#wait(signal)
  }

  giveBack(recogniser: Recogniser): void {
    recogniser.onPartial = undefined
    if (this.#isClosed || !this.#all.has(recogniser)) return
    const [next] = this.#waiting
    if (next) next.resolve(recogniser)
    else this.#idle.push(recogniser)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const waiting of this.#waiting) waiting.reject(this.failed('the recogniser was closed'))
    this.#idle.length = 0
    const threads = [...this.#all].map(({ thread }) => thread.close())
    this.#all.clear()
    await Promise.all(threads)
  }

  failed(detail: string): FaultError {
    const { engineId } = this.#options
    return new FaultError({ code: 'engine_failed', engineId, stage: 'stt', transient: true, detail })
  }

  #wait(signal: AbortSignal): Promise<Recogniser> {
    return new Promise((resolve, reject) => {
      const settle = <T>(end: (value: T) => void, value: T): void => {
        this.#waiting.delete(waiting)
        signal.removeEventListener('abort', onAbort)
        cancelTimer()
        end(value)
      }
      const waiting: Waiting = {
        resolve: (recogniser) => settle(resolve, recogniser),
        reject: (reason) => settle(reject, reason),
      }
      const onAbort = (): void => waiting.reject(signal.reason)
      signal.addEventListener('abort', onAbort, { once: true })
      const cancelTimer = this.#options.clock.after(TAKE_LIMIT_MS, () =>
        waiting.reject(this.failed(`no recogniser was free within ${TAKE_LIMIT_MS} ms`)),
      )
      this.#waiting.add(waiting)
    })
  }

  #start(): Recogniser {
    const { entry, module, engineId } = this.#options
    const wanted = new Int32Array(new SharedArrayBuffer(4))
    const recogniser: Recogniser = {
      wanted,
      onPartial: undefined,
      thread: new EngineWorker({
        peer: threadPeer(entry, { module, wanted } satisfies RecogniserSetup),
        engineId,
        stage: 'stt',
        onEvent: (event) => recogniser.onPartial?.(event as RecogniserEvent),
        onCrash: (cause) => this.#replace(recogniser, cause),
      }),
    }
    this.#all.add(recogniser)
    return recogniser
  }

  #replace(crashed: Recogniser, cause: unknown): void {
    this.#options.log.error(
      { err: cause, engine: this.#options.engineId },
      'recogniser crashed; another takes its place',
    )
    this.#all.delete(crashed)
    const at = this.#idle.indexOf(crashed)
    if (at >= 0) this.#idle.splice(at, 1)
    const [next] = this.#waiting
    if (!next || this.#isClosed) return
    const started = this.#start()
    load(started).catch(() => {})
    next.resolve(started)
  }
}

async function load({ thread }: Recogniser): Promise<void> {
  await thread.call({ type: 'load' } satisfies RecogniserRequest, { limitMs: LOAD_LIMIT_MS })
}
