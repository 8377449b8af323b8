// Reads the card by a long-lived nvidia-smi that says a line a second: nothing blocks, and no program is started for each
// reading. Without the program, or without a card, there is no reading and no noise.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { restartDelayMs } from '#shared/backoff.ts'
import type { Clock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import type { GpuProcess, GpuReader, GpuReading } from './gpu-reading.ts'
import { cardArguments, PROCESS_ARGUMENTS, readCard, readGpuProcesses } from './smi-lines.ts'

const READ_EVERY_MS = 1_000
/** A driver that hangs says nothing: an old reading is none. */
const STALE_AFTER_MS = 5_000
/** A driver that hangs must not hold up a start for ever. */
const PROCESSES_TIMEOUT_MS = 5_000

export interface NvidiaSmiOptions {
  clock: Clock
  log: Log
  /** Another program in its place, for tests and odd installations. */
  program?: string
  /** Index of the card; the first card without it. */
  index?: number
  random?: () => number
}

export class NvidiaSmi implements GpuReader {
  readonly #options: NvidiaSmiOptions
  readonly #program: string
  #child: ChildProcess | undefined
  #latest: GpuReading | undefined
  #index: number | undefined
  #tries = 0
  #isAbsent = false
  #isStopped = false
  #cancelWait: () => void = () => {}

  constructor(options: NvidiaSmiOptions) {
    this.#options = options
    this.#program = options.program ?? 'nvidia-smi'
    this.#index = options.index
  }

  start(): void {
    this.#isStopped = false
    if (!this.#child) this.#launch()
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelWait()
    this.#child?.kill('SIGTERM')
    this.#latest = undefined
  }

  latest(): GpuReading | undefined {
    const reading = this.#latest
    return reading && this.#options.clock.now() - reading.at < STALE_AFTER_MS ? reading : undefined
  }

  processes(): Promise<GpuProcess[] | undefined> {
    if (this.#isAbsent) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      execFile(this.#program, PROCESS_ARGUMENTS, { timeout: PROCESSES_TIMEOUT_MS }, (error, stdout) =>
        resolve(error ? undefined : readGpuProcesses(stdout)),
      )
    })
  }

  #launch(): void {
    const { index } = this.#options
    const child = spawn(this.#program, cardArguments(READ_EVERY_MS, index), { stdio: ['ignore', 'pipe', 'ignore'] })
    this.#child = child
    createInterface({ input: child.stdout }).on('line', (line) => this.#read(line))
    child.once('error', ({ code }: NodeJS.ErrnoException) => {
      // No NVIDIA driver on this machine: that is how most run, and nothing to say.
      this.#isAbsent = code === 'ENOENT' || code === 'EACCES'
      if (this.#isAbsent) this.#child = undefined
      else this.#ended(code)
    })
    child.once('exit', (code, signal) => this.#ended(code ?? signal))
  }

  #read(line: string): void {
    const card = readCard(line, this.#options.clock.now())
    if (!card) return
    // The first card that is seen stays the one that is read.
    this.#index ??= card.index
    if (card.index !== this.#index) return
    this.#tries = 0
    this.#latest = card.reading
  }

  #ended(how: unknown): void {
    this.#child = undefined
    if (this.#isStopped) return
    const { clock, log, random = Math.random } = this.#options
    const delayMs = restartDelayMs(this.#tries++, random())
    log.debug({ how, delayMs }, 'nvidia-smi ended and is started again')
    this.#cancelWait = clock.after(delayMs, () => this.#launch())
  }
}
