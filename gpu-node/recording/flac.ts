// PCM16 mono as FLAC (RFC 9639): fixed predictors and Rice codes, so that speech takes about half of its bytes and comes back to the
// bit. Frame by frame, so that who encodes can do something else in between. Pure.

/** Samples of a frame: some 0.25 s at 16 kHz, below the 4,608 of the streamable subset. */
const BLOCK = 4_096
const MAX_ORDER = 4
const MAX_RICE = 14
/** Partitions of the residual: speech and pauses in one frame want different parameters. */
const PARTITION_ORDER = 4
const STREAMINFO_BYTES = 34

/** Head first, then a frame at a time. */
export function* flacParts(pcm: Int16Array, sampleRate: number): Generator<Uint8Array<ArrayBuffer>> {
  yield head(pcm.length, sampleRate)
  for (let frame = 0; frame * BLOCK < pcm.length; frame++)
    yield encodeFrame(pcm.subarray(frame * BLOCK, (frame + 1) * BLOCK), frame, sampleRate)
}

/** "fLaC" and STREAMINFO (§8.2); sizes of frames and the MD5 are unknown, which the standard allows as 0. */
function head(samples: number, sampleRate: number): Uint8Array<ArrayBuffer> {
  const bits = new BitWriter()
  for (const char of 'fLaC') bits.put(char.charCodeAt(0), 8)
  bits.put(0x80, 8)
  bits.put(STREAMINFO_BYTES, 24)
  bits.put(BLOCK, 16)
  bits.put(BLOCK, 16)
  bits.put(0, 24)
  bits.put(0, 24)
  bits.put(sampleRate, 20)
  bits.put(0, 3)
  bits.put(15, 5)
  bits.put(0, 4)
  bits.put(samples, 32)
  for (let i = 0; i < 16; i++) bits.put(0, 8)
  return bits.bytes()
}

/** §9: a header with its CRC-8, one subframe, a CRC-16 over all. */
function encodeFrame(pcm: Int16Array, number: number, sampleRate: number): Uint8Array<ArrayBuffer> {
  const bits = new BitWriter()
  bits.put(0b1111_1111_1111_1000, 16)
  // The block size stands at the end of the header, in 16 bits; so does the rate, in Hz.
  bits.put(0b0111, 4)
  bits.put(0b1101, 4)
  bits.put(0, 4)
  // 16 bits a sample.
  bits.put(0b100, 3)
  bits.put(0, 1)
  for (const byte of codedNumber(number)) bits.put(byte, 8)
  bits.put(pcm.length - 1, 16)
  bits.put(sampleRate, 16)
  bits.put(crc(bits.bytes(), 8, 0x07), 8)
  subframe(bits, pcm)
  bits.align()
  bits.put(crc(bits.bytes(), 16, 0x8005), 16)
  return bits.bytes()
}

/** §9.1.5: as UTF-8 codes a code point, for numbers up to 0xffff and a little beyond. */
function codedNumber(number: number): number[] {
  if (number < 0x80) return [number]
  if (number < 0x800) return [0xc0 | (number >> 6), 0x80 | (number & 0x3f)]
  return [0xe0 | (number >> 12), 0x80 | ((number >> 6) & 0x3f), 0x80 | (number & 0x3f)]
}

function subframe(bits: BitWriter, pcm: Int16Array): void {
  const order = bestOrder(pcm)
  // §9.2.1: 0, then 001xxx for a fixed predictor of that order, and no wasted bits.
  bits.put(0b00_1000 | order, 7)
  bits.put(0, 1)
  for (let i = 0; i < order; i++) bits.put((pcm[i] ?? 0) & 0xffff, 16)
  const partitions = pcm.length % 2 ** PARTITION_ORDER === 0 && pcm.length > 2 ** PARTITION_ORDER * MAX_ORDER
  const partitionOrder = partitions ? PARTITION_ORDER : 0
  // §9.2.7: Rice parameters of 4 bits.
  bits.put(0b00, 2)
  bits.put(partitionOrder, 4)
  const residual = residualOf(pcm, order)
  const length = pcm.length / 2 ** partitionOrder
  for (let at = 0; at < pcm.length; at += length) {
    const from = at === 0 ? 0 : at - order
    writeRice(bits, residual.subarray(from, at + length - order))
  }
}

function writeRice(bits: BitWriter, residual: Int32Array): void {
  let sum = 0
  for (const value of residual) sum += zigzag(value)
  const mean = sum / Math.max(1, residual.length)
  const parameter = Math.min(MAX_RICE, Math.max(0, Math.floor(Math.log2(mean + 1))))
  bits.put(parameter, 4)
  for (const value of residual) {
    const folded = zigzag(value)
    bits.unary(folded >>> parameter)
    bits.put(folded & ((1 << parameter) - 1), parameter)
  }
}

const zigzag = (value: number): number => (value >= 0 ? value * 2 : -value * 2 - 1)

/** The predictor that leaves least, by the sum of what it leaves. */
function bestOrder(pcm: Int16Array): number {
  const orders = Array.from({ length: Math.min(MAX_ORDER, Math.max(0, pcm.length - 1)) + 1 }, (_, order) => order)
  const costs = orders.map((order) => residualOf(pcm, order).reduce((sum, value) => sum + Math.abs(value), 0))
  return costs.indexOf(Math.min(...costs))
}

/** §9.2.5: differences of differences. */
function residualOf(pcm: Int16Array, order: number): Int32Array {
  let values = Int32Array.from(pcm)
  for (let i = 0; i < order; i++) values = values.subarray(1).map((value, at) => value - (values[at] ?? 0))
  return values
}

function crc(bytes: Uint8Array, width: 8 | 16, polynomial: number): number {
  const [top, mask] = [1 << (width - 1), 2 ** width - 1]
  let value = 0
  for (const byte of bytes) {
    value ^= byte << (width - 8)
    for (let bit = 0; bit < 8; bit++) value = (value & top ? (value << 1) ^ polynomial : value << 1) & mask
  }
  return value
}

class BitWriter {
  readonly #bytes: number[] = []
  #open = 0
  #filled = 0

  /** The lowest `count` bits, the highest first. */
  put(value: number, count: number): void {
    for (let bit = count - 1; bit >= 0; bit--)
      this.#bit(bit > 30 ? Math.floor(value / 2 ** bit) & 1 : (value >>> bit) & 1)
  }

  /** `count` zeros, and a one. */
  unary(zeros: number): void {
    for (let i = 0; i < zeros; i++) this.#bit(0)
    this.#bit(1)
  }

  align(): void {
    while (this.#filled > 0) this.#bit(0)
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes)
  }

  #bit(bit: number): void {
    this.#open = (this.#open << 1) | bit
    if (++this.#filled < 8) return
    this.#bytes.push(this.#open)
    this.#open = 0
    this.#filled = 0
  }
}
