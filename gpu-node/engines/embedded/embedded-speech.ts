// Speaks parts of text by a few workers that each say one at a time: the queue that the embedded voices share.
// Owns who waits, aborts and crashed workers. The voices say what a part is and how a worker is started.
import { FaultError } from '#shared/fault.ts'
import { invariant } from '#shared/invariant.ts'
import type { Log } from '#shared/log.ts'
import type { EngineWorker } from './embedded-worker.ts'

/** Parts that wait: over 20 sessions with three pieces each. More would wait longer than a caller does. */
const MAX_QUEUED_PARTS = 64
/** The longest part takes a worker under a second; beyond this it hangs. */
const PART_LIMIT_MS = 15_000
/** Frames of a second: each is 50 ms. */
const FRAMES_PER_SECOND = 20

export interface SpeechOptions {
  engineId: string
  sampleRate: number
  maxWorkers: number
  log: Log
  /** `onCrash` is for the worker's options. */
  startWorker: (onCrash: (cause: unknown) => void) => EngineWorker
}
/** A worker's answer to one part. */
export interface SpokenPart {
  pcm: Int16Array<ArrayBuffer>
}

interface Job {
  request: unknown
  resolve: (part: SpokenPart) => void
  reject: (reason: unknown) => void
}
interface Speaker {
  worker: EngineWorker
  isBusy: boolean
}

export class EmbeddedSpeech {
  readonly #options: SpeechOptions
  readonly #speakers: Speaker[] = []
  #queue: Job[] = []
  #isClosed = false

  constructor(options: SpeechOptions) {
    this.#options = options
  }

  /** The parts one after the other, as frames. */
  async *speak(requests: readonly unknown[], signal: AbortSignal): AsyncGenerator<Int16Array> {
    signal.throwIfAborted()
    const frameSamples = this.#options.sampleRate / FRAMES_PER_SECOND
    for (const request of requests) {
      const { pcm } = await this.#enqueue(request, signal)
      for (let at = 0; at < pcm.length; at += frameSamples) {
        yield pcm.slice(at, at + frameSamples)
        signal.throwIfAborted()
      }
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const job of this.#queue.splice(0)) job.reject(this.failed('the voice was closed', true))
    await Promise.all(this.#speakers.splice(0).map(({ worker }) => worker.close()))
  }

  failed(detail: string, transient: boolean): FaultError {
    return new FaultError({
      code: 'engine_failed',
      engineId: this.#options.engineId,
      stage: 'tts',
      transient,
      detail,
    })
  }

  #enqueue(request: unknown, signal: AbortSignal): Promise<SpokenPart> {
    if (this.#isClosed) return Promise.reject(this.failed('the voice was closed', true))
    if (this.#queue.length >= MAX_QUEUED_PARTS) return Promise.reject(this.failed('too many parts wait', true))
    return new Promise((resolve, reject) => {
      // A waiting job is dropped. A running one cannot be stopped: its samples are dropped when they come.
      const onAbort = (): void => {
        this.#queue = this.#queue.filter((waiting) => waiting !== job)
        reject(signal.reason)
      }
      const settle = <T>(end: (value: T) => void, value: T): void => {
        signal.removeEventListener('abort', onAbort)
        end(value)
      }
      const job: Job = {
        request,
        resolve: (part) => settle(resolve, part),
        reject: (reason) => settle(reject, reason),
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#queue.push(job)
      this.#pump()
    })
  }

  /** Gives waiting parts to free workers, one each. */
  #pump(): void {
    while (this.#queue.length > 0) {
      const speaker = this.#speakers.find(({ isBusy }) => !isBusy) ?? this.#start()
      if (!speaker) return
      const job = this.#queue.shift()
      invariant(job, 'a part waits')
      speaker.isBusy = true
      const settled = speaker.worker
        .call(job.request, { limitMs: PART_LIMIT_MS })
        .then((part) => job.resolve(part as SpokenPart), job.reject)
      void settled.then(() => {
        speaker.isBusy = false
        this.#pump()
      })
    }
  }

  #start(): Speaker | undefined {
    const { maxWorkers, startWorker, log, engineId } = this.#options
    if (this.#isClosed || this.#speakers.length >= maxWorkers) return undefined
    const worker = startWorker((cause) => {
      log.error({ err: cause, engine: engineId }, 'voice worker crashed; the next part starts another')
      const at = this.#speakers.findIndex((speaker) => speaker.worker === worker)
      if (at >= 0) this.#speakers.splice(at, 1)
    })
    const speaker = { worker, isBusy: false }
    this.#speakers.push(speaker)
    return speaker
  }
}
