// The frames of one direction that the far end has not acknowledged. Used by both ends of a link and by its middle.
// It knows numbers and ages, never sockets or meanings.
import type { Clock } from '#shared/clock.ts'
import type { Fault } from '#shared/fault.ts'
import { MAX_REPLAY_BYTES, MAX_REPLAY_MS } from '#shared/protocol/limits.ts'
import { fail, ok, type Result } from '#shared/result.ts'
import { frameBytes, type Frame } from './frame.ts'

interface Kept {
  seq: number
  frame: Frame
  at: number
}

export class ReplayBuffer {
  readonly #clock: Pick<Clock, 'now'>
  readonly #bounds: { maxBytes: number; maxMs: number }
  #kept: Kept[] = []
  /** Index of the first frame that is still wanted: shifting an array frame by frame would cost more. */
  #first = 0
  #bytes = 0

  constructor(clock: Pick<Clock, 'now'>, bounds = { maxBytes: MAX_REPLAY_BYTES, maxMs: MAX_REPLAY_MS }) {
    this.#clock = clock
    this.#bounds = bounds
  }

  /** Keeps a frame until it is acknowledged. A full buffer keeps nothing more and says so. */
  push(seq: number, frame: Frame): Result<void, Fault> {
    const bytes = this.#bytes + frameBytes(frame)
    if (bytes > this.#bounds.maxBytes) return fail(tooLarge(this.#bounds.maxBytes, bytes, 'bytes'))
    const age = this.oldestAgeMs()
    if (age > this.#bounds.maxMs) return fail(tooLarge(this.#bounds.maxMs, age, 'ms'))
    this.#kept.push({ seq, frame, at: this.#clock.now() })
    this.#bytes = bytes
    return ok(undefined)
  }

  /** Forgets everything up to and including `received`. */
  acked(received: number): void {
    for (
      let kept = this.#kept[this.#first];
      kept !== undefined && kept.seq <= received;
      kept = this.#kept[this.#first]
    ) {
      this.#bytes -= frameBytes(kept.frame)
      this.#first++
    }
    // Half of it is dead: copy the living half once.
    if (this.#first > 64 && this.#first * 2 > this.#kept.length) {
      this.#kept = this.#kept.slice(this.#first)
      this.#first = 0
    }
  }

  /** What must be sent again to an end that has everything up to `received`, in order. */
  after(received: number): Frame[] {
    return this.#kept.slice(this.#first).flatMap((kept) => (kept.seq > received ? [kept.frame] : []))
  }

  /** Forgets everything from `seq` on: whoever numbered it is gone, and another one gives these numbers anew. */
  dropFrom(seq: number): void {
    for (let last = this.#kept.at(-1); last !== undefined && last.seq >= seq; last = this.#kept.at(-1)) {
      if (this.length === 0) return
      this.#bytes -= frameBytes(last.frame)
      this.#kept.pop()
    }
  }

  get bytes(): number {
    return this.#bytes
  }

  get length(): number {
    return this.#kept.length - this.#first
  }

  /** How long the oldest frame has waited for its acknowledgement; 0 when there is none. */
  oldestAgeMs(): number {
    const oldest = this.#kept[this.#first]
    return oldest === undefined ? 0 : this.#clock.now() - oldest.at
  }

  /** What to say of it where the other end of the link, which keeps the same frames, is full: the bound that is nearer. */
  overflow(): Fault {
    const { maxBytes, maxMs } = this.#bounds
    const age = this.oldestAgeMs()
    return this.#bytes / maxBytes > age / maxMs
      ? tooLarge(maxBytes, Math.max(maxBytes, this.#bytes), 'bytes')
      : tooLarge(maxMs, Math.max(maxMs, age), 'ms')
  }

  clear(): void {
    this.#kept = []
    this.#first = 0
    this.#bytes = 0
  }
}

function tooLarge(max: number, got: number, unit: 'bytes' | 'ms'): Fault {
  return { code: 'too_large', limit: 'replay', max, got, unit }
}
