// One direction of a link, in its middle (the edge): origin → far end. It keeps the origin's numbers and acknowledges to
// the origin only what the far end acknowledged, so that this memory may vanish at any moment and nothing is lost.
import type { Clock } from '#shared/clock.ts'
import type { Fault } from '#shared/fault.ts'
import type { Frame } from './frame.ts'
import { ReplayBuffer } from './replay-buffer.ts'

export interface RelayLegOptions {
  clock: Pick<Clock, 'now'>
  /** The far end is away or too slow for too long. Called once; the owner ends the session. */
  onOverflow: (fault: Fault) => void
  /** The number with which the origin begins. */
  firstSeq?: number
  /** The session is older than this memory: where the link stands is learned from the end that comes first. */
  isRecovered?: boolean
}

export class RelayLeg {
  readonly #kept: ReplayBuffer
  readonly #onOverflow: (fault: Fault) => void
  #sendFar: ((frame: Frame) => void) | undefined
  #received: number
  #farReceived: number
  #hasOverflowed = false
  /** Nothing is known of the numbers yet: only in a recovered leg that no end has come back to. */
  #isBlank: boolean

  constructor(options: RelayLegOptions) {
    this.#kept = new ReplayBuffer(options.clock)
    this.#onOverflow = options.onOverflow
    this.#received = (options.firstSeq ?? 1) - 1
    this.#farReceived = this.#received
    this.#isBlank = options.isRecovered ?? false
  }

  /** Everything up to and including this number was taken from the origin: told to it when it resumes. */
  get received(): number {
    return this.#received
  }

  /** Recovered, and neither end has come back yet: any number that an end names may be true. */
  get isBlank(): boolean {
    return this.#isBlank
  }

  /** Everything up to and including this number was acknowledged by the far end: acknowledged to the origin. */
  get farReceived(): number {
    return this.#farReceived
  }

  /** Takes a numbered frame of the origin and passes it on. After a 'gap' the origin's socket must be closed to resume. */
  take(seq: number, frame: Frame): 'relayed' | 'duplicate' | 'gap' {
    // The origin begins again after the last number that was acknowledged to it, and the far end has at least that one.
    if (this.#isBlank) this.#learn(seq - 1)
    if (seq <= this.#received) return 'duplicate'
    if (seq !== this.#received + 1) return 'gap'
    this.#received = seq
    if (this.#hasOverflowed) return 'relayed'
    const kept = this.#kept.push(seq, frame)
    if (kept.ok) {
      this.#sendFar?.(frame)
    } else {
      this.#hasOverflowed = true
      this.#onOverflow(kept.fault)
    }
    return 'relayed'
  }

  /**
   * The far end is there and has everything up to `farReceived`: sends the rest again, then live. Without a number it gets all
   * that was not acknowledged, and goes by the first number that comes.
   */
  attachFar(send: (frame: Frame) => void, farReceived?: number): void {
    if (farReceived !== undefined) {
      if (this.#isBlank) this.#learn(farReceived)
      this.acked(farReceived)
    }
    this.#sendFar = send
    for (const frame of this.#kept.after(farReceived ?? this.#farReceived)) send(frame)
  }

  detachFar(): void {
    this.#sendFar = undefined
  }

  /** The far end's word; more than was ever passed on is not believed. */
  acked(received: number): void {
    this.#farReceived = Math.max(this.#farReceived, Math.min(received, this.#received))
    this.#kept.acked(this.#farReceived)
  }

  /**
   * The origin's memory is lost and another one continues at `firstSeq`: what is kept below it still goes to the far end,
   * what is kept from there on is void.
   */
  restart(firstSeq: number): void {
    this.#kept.dropFrom(firstSeq)
    this.#learn(firstSeq - 1)
    this.#farReceived = Math.min(this.#farReceived, this.#received)
  }

  /** What to tell where the origin has kept more than it may: the far end acknowledged too little. */
  overflow(): Fault {
    return this.#kept.overflow()
  }

  close(): void {
    this.detachFar()
    this.#kept.clear()
  }

  #learn(received: number): void {
    this.#received = received
    this.#isBlank = false
  }
}
