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
}

export class RelayLeg {
  readonly #kept: ReplayBuffer
  readonly #onOverflow: (fault: Fault) => void
  #sendFar: ((frame: Frame) => void) | undefined
  #received: number
  #farReceived: number
  #hasOverflowed = false

  constructor(options: RelayLegOptions) {
    this.#kept = new ReplayBuffer(options.clock)
    this.#onOverflow = options.onOverflow
    this.#received = (options.firstSeq ?? 1) - 1
    this.#farReceived = this.#received
  }

  /** Everything up to and including this number was taken from the origin: told to it when it resumes. */
  get received(): number {
    return this.#received
  }

  /** Everything up to and including this number was acknowledged by the far end: acknowledged to the origin. */
  get farReceived(): number {
    return this.#farReceived
  }

  /** Takes a numbered frame of the origin and passes it on. After a 'gap' the origin's socket must be closed to resume. */
  take(seq: number, frame: Frame): 'relayed' | 'duplicate' | 'gap' {
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

  /** The far end is there and has everything up to `farReceived`: sends the rest again, then live. */
  attachFar(send: (frame: Frame) => void, farReceived: number): void {
    this.acked(farReceived)
    this.#sendFar = send
    for (const frame of this.#kept.after(farReceived)) send(frame)
  }

  detachFar(): void {
    this.#sendFar = undefined
  }

  acked(received: number): void {
    this.#kept.acked(received)
    this.#farReceived = Math.max(this.#farReceived, received)
    // This memory is younger than the link: the far end has seen numbers that were never seen here.
    this.#received = Math.max(this.#received, received)
  }

  /** The origin's memory is lost and another one continues at `firstSeq`. */
  restart(firstSeq: number): void {
    this.#received = firstSeq - 1
  }

  close(): void {
    this.detachFar()
    this.#kept.clear()
  }
}
