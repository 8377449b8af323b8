// An embedded engine's worker seen from the main thread: numbered calls with a time limit, events, and what happens when
// it crashes. The embedded engines use it; where it runs is embedded-peer.ts, the other end embedded-worker-port.ts.
import type { Transferable } from 'node:worker_threads'
import { FaultError } from '#shared/fault.ts'
import type { Stage } from '#shared/fault.ts'
import type { Peer } from './embedded-peer.ts'

export interface EngineWorkerOptions {
  peer: Peer
  engineId: string
  stage: Stage
  /** Events of the worker, which answer no call. */
  onEvent?: (event: unknown) => void
  /** Called at most once, when the worker has ended without close(). Its calls are already rejected. */
  onCrash?: (cause: unknown) => void
}
export interface CallOptions {
  /** How long a call may take. Then the worker counts as hung: it is ended, and all its calls reject. */
  limitMs: number
  transfer?: Transferable[]
}
/** From the worker: an answer to a call, or an event. */
export type WorkerMessage = { id: number; reply: unknown } | { id: number; failure: string } | { event: unknown }

interface Call {
  resolve: (reply: unknown) => void
  reject: (reason: unknown) => void
  timer: NodeJS.Timeout
}

export class EngineWorker {
  readonly #options: EngineWorkerOptions
  readonly #calls = new Map<number, Call>()
  #lastId = 0
  #state: 'running' | 'closed' | 'crashed' = 'running'

  constructor(options: EngineWorkerOptions) {
    this.#options = options
    options.peer.onMessage((message) => this.#receive(message as WorkerMessage))
    options.peer.onGone((cause) => this.#crash(cause))
  }

  get isRunning(): boolean {
    return this.#state === 'running'
  }

  /** Asks and awaits the answer; rejects with FaultError engine_failed. Calls are answered in their order. */
  call(request: unknown, { limitMs, transfer = [] }: CallOptions): Promise<unknown> {
    if (!this.isRunning) return Promise.reject(this.#failed(`the worker is ${this.#state}`))
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#crash(new Error(`no answer within ${limitMs} ms`)), limitMs)
      this.#calls.set(id, { resolve, reject, timer })
      this.#options.peer.post({ id, request }, transfer)
    })
  }

  /** Tells something that needs no answer. */
  tell(request: unknown, transfer: Transferable[] = []): void {
    if (this.isRunning) this.#options.peer.post({ id: 0, request }, transfer)
  }

  async close(): Promise<void> {
    if (this.isRunning) this.#state = 'closed'
    this.#rejectAll(this.#failed('the worker was closed'))
    await this.#options.peer.end()
  }

  #receive(message: WorkerMessage): void {
    if ('event' in message) return this.#options.onEvent?.(message.event)
    const call = this.#calls.get(message.id)
    if (!call) return
    this.#calls.delete(message.id)
    clearTimeout(call.timer)
    if ('reply' in message) call.resolve(message.reply)
    else call.reject(this.#failed(message.failure))
  }

  #crash(cause: unknown): void {
    if (!this.isRunning) return
    this.#state = 'crashed'
    void this.#options.peer.end()
    this.#rejectAll(this.#failed('the worker crashed', cause))
    this.#options.onCrash?.(cause)
  }

  #rejectAll(reason: FaultError): void {
    for (const call of this.#calls.values()) {
      clearTimeout(call.timer)
      call.reject(reason)
    }
    this.#calls.clear()
  }

  #failed(detail: string, cause?: unknown): FaultError {
    const { engineId, stage } = this.#options
    return new FaultError({ code: 'engine_failed', engineId, stage, transient: true, detail }, { cause })
  }
}
