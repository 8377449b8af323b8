// Bytes in the order in which they came, in one buffer that is used again and again: what a link keeps of a call's audio lives too
// long to die young, and as objects of their own these frames made the collector stop the sockets. Used by replay-buffer.ts.
//
// A byte's place is its number since the beginning of the queue, so that it stays the same when the buffer grows or turns round.

/** A power of two: half a second of a call. Less would grow at once, and so much may an idle link hold. */
const LEAST_CAPACITY = 16 * 1024

export class ByteQueue {
  #buffer: Uint8Array<ArrayBuffer> | undefined
  #first = 0
  #end = 0

  /** The place of the first byte that is still wanted. */
  get begin(): number {
    return this.#first
  }

  /** The place behind the last byte. */
  get end(): number {
    return this.#end
  }

  push(bytes: Uint8Array): void {
    const buffer = this.#withRoom(bytes.length)
    write(buffer, this.#end, bytes)
    this.#end += bytes.length
  }

  /** A copy of what lies at [from, to). */
  copy(from: number, to: number): Uint8Array<ArrayBuffer> {
    const copied = new Uint8Array(to - from)
    if (this.#buffer) read(this.#buffer, from, copied)
    return copied
  }

  /** Everything before `place` is wanted no more. */
  dropBefore(place: number): void {
    this.#first = place
    if (this.#first === this.#end) this.#rest()
  }

  /** Everything from `place` on is wanted no more. */
  dropFrom(place: number): void {
    this.#end = place
    if (this.#first === this.#end) this.#rest()
  }

  /** A buffer that had to grow is given back. */
  #rest(): void {
    if (this.#buffer && this.#buffer.length > LEAST_CAPACITY) this.#buffer = undefined
  }

  #withRoom(more: number): Uint8Array<ArrayBuffer> {
    const length = this.#end - this.#first
    const buffer = this.#buffer
    if (buffer && length + more <= buffer.length) return buffer
    let capacity = LEAST_CAPACITY
    while (capacity < length + more) capacity *= 2
    const larger = new Uint8Array(capacity)
    if (length > 0) write(larger, this.#first, this.copy(this.#first, this.#end))
    this.#buffer = larger
    return larger
  }
}

/** The buffer's length is a power of two: a place past its end is at its beginning. */
function write(buffer: Uint8Array, place: number, bytes: Uint8Array): void {
  const at = place % buffer.length
  const before = Math.min(bytes.length, buffer.length - at)
  if (before === bytes.length) return buffer.set(bytes, at)
  buffer.set(bytes.subarray(0, before), at)
  buffer.set(bytes.subarray(before), 0)
}

function read(buffer: Uint8Array, place: number, into: Uint8Array): void {
  const at = place % buffer.length
  const before = Math.min(into.length, buffer.length - at)
  into.set(buffer.subarray(at, at + before))
  if (before < into.length) into.set(buffer.subarray(0, into.length - before), before)
}
