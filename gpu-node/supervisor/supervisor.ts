// Starts, watches, restarts and ends the engines that the node runs as programs: in order, one at a time, and nothing of them
// outlives it. The surface of this folder; used by the node's root. Knows no engine and no call.
import type { Clock } from '#shared/clock.ts'
import { FaultError, notFound } from '#shared/fault.ts'
import type { Log } from '#shared/log.ts'
import type { EngineRole, EngineState } from '#shared/model/engine.ts'
import type { GpuReader } from '#gpu-node/gpu/gpu-reading.ts'
import { EngineProcess } from './engine-process.ts'
import { Gate } from './gate.ts'
import type { ManagedEngine } from './managed-engine.ts'
import { createProcessHost, type ProcessHost } from './process-host.ts'

/** vLLM first: it measures the card and gives up when others load or free meanwhile. */
const START_ORDER: readonly EngineRole[] = ['llm', 'stt', 'tts', 'vad']
/** What a caller of load() is told of an engine that waits to be started again. */
const RETRY_AFTER_MS = 5_000

export interface SupervisorOptions {
  engines: readonly ManagedEngine[]
  gpu: GpuReader
  clock: Clock
  log: Log
  /** Where the pidfiles are. Each node has a folder of its own. */
  folder: string
  onChange: (name: string) => void
  host?: ProcessHost
  random?: () => number
}

export class Supervisor {
  readonly #clock: Clock
  readonly #log: Log
  readonly #gpu: GpuReader
  readonly #host: ProcessHost
  readonly #gate = new Gate()
  readonly #processes: ReadonlyMap<string, EngineProcess>
  /** Ends the wait for the idle time of an engine on demand, and an unload that has not begun. */
  readonly #idle = new Map<string, AbortController>()
  readonly #stopped = new AbortController()
  #asking: ReturnType<GpuReader['processes']> | undefined

  constructor(options: SupervisorOptions) {
    const { engines, gpu, clock, log, folder, onChange, random = Math.random } = options
    this.#clock = clock
    this.#log = log
    this.#gpu = gpu
    this.#host = options.host ?? createProcessHost({ folder, clock })
    const shared = { host: this.#host, gpu, clock, log, random, gate: this.#gate, isExcused: () => this.#doesLlmStart }
    const inOrder = engines.toSorted((a, b) => START_ORDER.indexOf(a.role) - START_ORDER.indexOf(b.role))
    this.#processes = new Map(
      inOrder.map((engine) => {
        const onEngineChange = (): void => onChange(engine.name)
        return [engine.name, new EngineProcess({ ...shared, engine, onChange: onEngineChange })]
      }),
    )
  }

  /** Resolves when each engine has been ready or has failed once; who failed is tried again without being waited for. */
  async start(): Promise<void> {
    for (const process of this.#processes.values()) {
      if (process.engine.launch.onDemand) continue
      if (this.#stopped.signal.aborted) return
      process.start()
      await process.settled()
    }
  }

  state(name: string): EngineState {
    return this.#find(name).state
  }

  /** Why it is not ready, for the operator; undefined when there is nothing to say. */
  reason(name: string): string | undefined {
    return this.#find(name).reason
  }

  /** What its processes hold of the card; null where the platform does not tell. */
  async vramBytes(name: string): Promise<number | null> {
    this.#find(name)
    const [onCard, pids] = await Promise.all([this.#processesOnCard(), this.#host.pids(name)])
    if (!onCard) return null
    const own = onCard.filter(({ pid }) => pids.includes(pid)).map(({ usedBytes }) => usedBytes)
    return own.reduce((sum, bytes) => (sum === null || bytes === null ? null : sum + bytes), 0)
  }

  /** Whoever asks for all engines at once starts one program of the card's, not one an engine. */
  #processesOnCard(): ReturnType<GpuReader['processes']> {
    this.#asking ??= this.#gpu.processes().finally(() => (this.#asking = undefined))
    return this.#asking
  }

  /** Resolves when it is ready; rejects with `unavailable` when it has to wait for its next start or is given up. */
  async load(name: string): Promise<void> {
    this.#stopped.signal.throwIfAborted()
    const process = this.#find(name)
    this.#cancelIdle(name)
    process.start()
    await process.settled()
    if (process.phase.type !== 'ready')
      throw new FaultError(
        { code: 'unavailable', what: name, retryAfterMs: RETRY_AFTER_MS },
        { cause: new Error(process.reason) },
      )
    this.touch(name)
  }

  /** Ends it, once no other engine loads. It stays so until load(). */
  async unload(name: string): Promise<void> {
    this.#cancelIdle(name)
    await this.#unload(this.#find(name), this.#stopped.signal)
  }

  /** Called at the beginning and the end of each use of an engine: puts off the unloading of one on demand. */
  touch(name: string): void {
    const process = this.#find(name)
    const { onDemand, idleUnloadMs } = process.engine.launch
    this.#cancelIdle(name)
    if (!onDemand || process.phase.type !== 'ready') return
    const idle = new AbortController()
    this.#idle.set(name, idle)
    this.#clock
      .sleep(idleUnloadMs, idle.signal)
      .then(() => this.#unload(process, idle.signal))
      .catch((error: unknown) => {
        if (!idle.signal.aborted) this.#log.error({ error, engine: name }, 'an idle engine was not unloaded')
      })
  }

  /** Ends all at once, waiting at no gate. Resolves when nothing of them is left. */
  async stop(): Promise<void> {
    this.#stopped.abort('shutdown')
    for (const name of this.#idle.keys()) this.#cancelIdle(name)
    await Promise.all([...this.#processes.values()].map((process) => process.stop()))
  }

  get #doesLlmStart(): boolean {
    const holder = this.#gate.holder
    return holder !== undefined && this.#processes.get(holder)?.engine.role === 'llm'
  }

  async #unload(process: EngineProcess, signal: AbortSignal): Promise<void> {
    const { name } = process.engine
    // One that is loading holds the gate itself, and one that does not run frees nothing.
    const needsGate = process.isRunning && this.#gate.holder !== name
    const leave = needsGate ? await this.#gate.enter(name, signal) : () => {}
    try {
      if (!signal.aborted) await process.stop()
    } finally {
      leave()
    }
  }

  #cancelIdle(name: string): void {
    this.#idle.get(name)?.abort('replaced')
    this.#idle.delete(name)
  }

  #find(name: string): EngineProcess {
    const process = this.#processes.get(name)
    if (!process) throw notFound('engine', name)
    return process
  }
}
