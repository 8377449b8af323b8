// The frames of one direction that the far end has not acknowledged. Used by both ends of a link and by its middle.
// It knows numbers and ages, never sockets or meanings. A call's frames wait here for a fifth of a second each, so nothing is
// allocated for one: numbers, times and places lie in one ring, audio in a byte queue. Only texts are kept as they came.
import type { Clock } from '#shared/clock.ts'
import type { Fault } from '#shared/fault.ts'
import { MAX_REPLAY_BYTES, MAX_REPLAY_MS } from '#shared/protocol/limits.ts'
import { fail, ok, type Result } from '#shared/result.ts'
import { ByteQueue } from './byte-queue.ts'
import { frameBytes, type Frame } from './frame.ts'

/** Of one frame in the ring: its number, when it was kept, and where its bytes end in the queue. */
const FIELDS = 3
const AT = 1
const END = 2
/** A power of two: more than an end sends between two acknowledgements. */
const LEAST_FRAMES = 32
const KEPT = ok(undefined)

export class ReplayBuffer {
  readonly #clock: Pick<Clock, 'now'>
  readonly #bounds: { maxBytes: number; maxMs: number }
  readonly #audio = new ByteQueue()
  readonly #texts = new Map<number, string>()
  #ring = new Float64Array(LEAST_FRAMES * FIELDS)
  /** Frames since the beginning: the oldest that is still wanted, and the next to come. */
  #first = 0
  #next = 0
  #bytes = 0

  constructor(clock: Pick<Clock, 'now'>, bounds = { maxBytes: MAX_REPLAY_BYTES, maxMs: MAX_REPLAY_MS }) {
    this.#clock = clock
    this.#bounds = bounds
  }

  /** Keeps a frame until it is acknowledged; audio is copied. A full buffer keeps nothing more and says so. */
  push(seq: number, frame: Frame): Result<void, Fault> {
    const bytes = this.#bytes + frameBytes(frame)
    if (bytes > this.#bounds.maxBytes) return fail(tooLarge(this.#bounds.maxBytes, bytes, 'bytes'))
    const now = this.#clock.now()
    const age = this.length === 0 ? 0 : now - this.#field(this.#first, AT)
    if (age > this.#bounds.maxMs) return fail(tooLarge(this.#bounds.maxMs, age, 'ms'))
    if (typeof frame === 'string') this.#texts.set(seq, frame)
    else this.#audio.push(frame)
    if (this.length * FIELDS === this.#ring.length) this.#grow()
    const slot = this.#slot(this.#next)
    this.#ring[slot] = seq
    this.#ring[slot + AT] = now
    this.#ring[slot + END] = this.#audio.end
    this.#next++
    this.#bytes = bytes
    return KEPT
  }

  /** Forgets everything up to and including `received`. */
  acked(received: number): void {
    while (this.#first < this.#next && this.#field(this.#first) <= received) {
      this.#bytes -= this.#bytesOf(this.#first)
      if (this.#texts.size > 0) this.#texts.delete(this.#field(this.#first))
      this.#audio.dropBefore(this.#field(this.#first, END))
      this.#first++
    }
    this.#shrink()
  }

  /** What must be sent again to an end that has everything up to `received`, in order. */
  after(received: number): Frame[] {
    const frames: Frame[] = []
    for (let index = this.#first; index < this.#next; index++)
      if (this.#field(index) > received) frames.push(this.#frame(index))
    return frames
  }

  /** Forgets everything from `seq` on: whoever numbered it is gone, and another one gives these numbers anew. */
  dropFrom(seq: number): void {
    const before = this.#next
    for (; this.#next > this.#first && this.#field(this.#next - 1) >= seq; this.#next--) {
      this.#bytes -= this.#bytesOf(this.#next - 1)
      this.#texts.delete(this.#field(this.#next - 1))
    }
    if (this.#next < before) this.#audio.dropFrom(this.#startOf(this.#next))
    this.#shrink()
  }

  get bytes(): number {
    return this.#bytes
  }

  get length(): number {
    return this.#next - this.#first
  }

  /** How long the oldest frame has waited for its acknowledgement; 0 when there is none. */
  oldestAgeMs(): number {
    return this.length === 0 ? 0 : this.#clock.now() - this.#field(this.#first, AT)
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
    this.dropFrom(-Infinity)
  }

  #slot(index: number): number {
    return (index * FIELDS) % this.#ring.length
  }

  #field(index: number, field = 0): number {
    return this.#ring[this.#slot(index) + field] ?? 0
  }

  /** Where the frame's bytes begin in the queue; a text has none there. */
  #startOf(index: number): number {
    return index === this.#first ? this.#audio.begin : this.#field(index - 1, END)
  }

  #frame(index: number): Frame {
    return this.#textOf(index) ?? this.#audio.copy(this.#startOf(index), this.#field(index, END))
  }

  #bytesOf(index: number): number {
    const text = this.#textOf(index)
    return text === undefined ? this.#field(index, END) - this.#startOf(index) : frameBytes(text)
  }

  #textOf(index: number): string | undefined {
    return this.#texts.size === 0 ? undefined : this.#texts.get(this.#field(index))
  }

  /** A ring that had to grow is given back. */
  #shrink(): void {
    if (this.length > 0 || this.#ring.length === LEAST_FRAMES * FIELDS) return
    this.#ring = new Float64Array(LEAST_FRAMES * FIELDS)
  }

  #grow(): void {
    const larger = new Float64Array(this.#ring.length * 2)
    for (let index = this.#first; index < this.#next; index++) {
      const slot = this.#slot(index)
      larger.set(this.#ring.subarray(slot, slot + FIELDS), (index * FIELDS) % larger.length)
    }
    this.#ring = larger
  }
}

function tooLarge(max: number, got: number, unit: 'bytes' | 'ms'): Fault {
  return { code: 'too_large', limit: 'replay', max, got, unit }
}
