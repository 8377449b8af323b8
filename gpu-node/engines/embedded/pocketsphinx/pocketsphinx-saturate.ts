// Repairs pocketsphinx.wasm, which as shipped traps on the English model ("float unrepresentable in integer range"):
// rewrites each trapping float-to-integer truncation to its saturating form, 55 of them. Pure; knows WebAssembly's
// binary format of the MVP, as that old binary uses, and stops at anything newer rather than guess.
import { invariant } from '#shared/invariant.ts'

const HEADER_BYTES = 8
const CODE_SECTION = 10
/** Prefix of the saturating truncations; which one follows as 0–7. */
const SATURATING_PREFIX = 0xfc

/** What follows an opcode: bytes of fixed length, or numbers in LEB128. */
type Operands = { bytes: number } | { numbers: number } | { numbers: number; bytes: number } | 'branchTable'

class Reader {
  readonly bytes: Uint8Array
  at: number

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes
    this.at = at
  }

  byte(): number {
    const byte = this.bytes[this.at++]
    invariant(byte !== undefined, 'the wasm file is whole')
    return byte
  }

  number(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte()
      value |= (byte & 127) << shift
      if (byte < 128) return value >>> 0
    }
  }

  skip(operands: Operands): void {
    if (operands === 'branchTable') return this.skip({ numbers: this.number() + 1 })
    if ('numbers' in operands) for (let i = 0; i < operands.numbers; i++) while (this.byte() >= 128);
    if ('bytes' in operands) this.at += operands.bytes
  }
}

/** The module with saturating truncations, and how many there were. */
export function saturateTruncations(wasm: Uint8Array): { bytes: Uint8Array<ArrayBuffer>; count: number } {
  const parts: Uint8Array[] = [wasm.subarray(0, HEADER_BYTES)]
  const reader = new Reader(wasm, HEADER_BYTES)
  let count = 0
  while (reader.at < wasm.length) {
    const start = reader.at
    const id = reader.byte()
    const end = reader.number() + reader.at
    if (id === CODE_SECTION) {
      const section = saturateSection(new Reader(wasm, reader.at))
      count += section.count
      parts.push(Uint8Array.of(CODE_SECTION), leb128(section.bytes.length), section.bytes)
    } else parts.push(wasm.subarray(start, end))
    reader.at = end
  }
  return { bytes: concat(parts), count }
}

function saturateSection(reader: Reader): { bytes: Uint8Array; count: number } {
  const functions = reader.number()
  const parts = [leb128(functions)]
  let count = 0
  for (let i = 0; i < functions; i++) {
    const end = reader.number() + reader.at
    const body = saturateBody(reader, end)
    count += (body.length - 1) / 2
    const bytes = concat(body)
    parts.push(leb128(bytes.length), bytes)
  }
  return { bytes: concat(parts), count }
}

/** The body as pieces: what lies between truncations, and each new truncation. */
function saturateBody(reader: Reader, end: number): Uint8Array[] {
  const pieces: Uint8Array[] = []
  let copied = reader.at
  // Declarations of locals: a count and a type each.
  for (let groups = reader.number(); groups > 0; groups--) reader.skip({ numbers: 1, bytes: 1 })
  while (reader.at < end) {
    const at = reader.at
    const opcode = reader.byte()
    const saturating = saturatingForm(opcode)
    if (saturating !== undefined) {
      pieces.push(reader.bytes.subarray(copied, at), Uint8Array.of(SATURATING_PREFIX, saturating))
      copied = reader.at
    } else reader.skip(operandsOf(opcode))
  }
  invariant(reader.at === end, 'each wasm instruction is understood')
  pieces.push(reader.bytes.subarray(copied, end))
  return pieces
}

/** 0–7 for i32.trunc_f32_s (0xa8) to i32.trunc_f64_u and i64.trunc_f32_s (0xae) to i64.trunc_f64_u. */
function saturatingForm(opcode: number): number | undefined {
  if (opcode >= 0xa8 && opcode <= 0xab) return opcode - 0xa8
  if (opcode >= 0xae && opcode <= 0xb1) return opcode - 0xae + 4
  return undefined
}

function operandsOf(opcode: number): Operands {
  invariant(opcode <= 0xbf, `wasm opcode ${opcode.toString(16)} is of the MVP`)
  // block, loop, if: a type; memory.size, memory.grow: a reserved byte.
  if ([0x02, 0x03, 0x04, 0x3f, 0x40].includes(opcode)) return { bytes: 1 }
  // br, br_if, call, locals and globals, i32.const, i64.const.
  if ([0x0c, 0x0d, 0x10, 0x41, 0x42].includes(opcode) || (opcode >= 0x20 && opcode <= 0x24)) return { numbers: 1 }
  if (opcode === 0x0e) return 'branchTable'
  if (opcode === 0x11) return { numbers: 1, bytes: 1 }
  // Loads and stores: alignment and offset.
  if (opcode >= 0x28 && opcode <= 0x3e) return { numbers: 2 }
  if (opcode === 0x43) return { bytes: 4 }
  if (opcode === 0x44) return { bytes: 8 }
  return { bytes: 0 }
}

function leb128(value: number): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return Uint8Array.from([...bytes, rest])
    bytes.push((rest & 127) | 128)
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
