// A tiny assembler of WebAssembly modules: functions without parameters over one exported memory, from a list of bytes to a
// module. It has the few instructions that silero-kernels.ts needs, under the names of the specification. It knows no model.

/** What an instruction becomes; a body is the concatenation of its instructions. */
export type Code = readonly number[]

export interface WasmFunction {
  name: string
  /** How many locals of each type; the i32 ones are numbered first. */
  locals: { i32: number; v128: number }
  body: Code
}

/** WebAssembly's unit of memory. */
export const PAGE_BYTES = 65_536

/** The module's binary format: core specification §5.5. */
export function assembleModule(functions: readonly WasmFunction[], pages: number): Uint8Array<ArrayBuffer> {
  const magicAndVersion = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]
  const noParametersNoResults = [0x60, 0x00, 0x00]
  const exports = functions.map(({ name }, index) => [...nameOf(name), 0x00, ...unsigned(index)])
  return Uint8Array.from([
    ...magicAndVersion,
    ...section(1, [noParametersNoResults]),
    ...section(
      3,
      functions.map(() => unsigned(0)),
    ),
    ...section(5, [[0x00, ...unsigned(pages)]]),
    ...section(7, [[...nameOf('memory'), 0x02, ...unsigned(0)], ...exports]),
    ...section(10, functions.map(codeOf)),
  ])
}

function codeOf({ locals, body }: WasmFunction): Code {
  const declared = [
    [...unsigned(locals.i32), 0x7f],
    [...unsigned(locals.v128), 0x7b],
  ]
  const code = [...vector(declared), ...body, END]
  return [...unsigned(code.length), ...code]
}

const section = (id: number, items: readonly Code[]): Code => {
  const content = vector(items)
  return [id, ...unsigned(content.length), ...content]
}
const vector = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()]
const nameOf = (text: string): Code => vector([...new TextEncoder().encode(text)].map((byte) => [byte]))

/** LEB128, §5.2.2. */
function unsigned(value: number): number[] {
  const rest = Math.floor(value / 128)
  return rest === 0 ? [value] : [(value % 128) + 128, ...unsigned(rest)]
}
function signed(value: number): number[] {
  const low = value & 127
  const rest = value >> 7
  const isLast = (rest === 0 && low < 64) || (rest === -1 && low >= 64)
  return isLast ? [low] : [low + 128, ...signed(rest)]
}

// --- instructions, §5.4 ---

const END = 0x0b
const VECTOR = 0xfd
/** Alignment as a power of two, which is a hint only. */
const memory = (alignment: number, offset: number): Code => [alignment, ...unsigned(offset)]
const simd = (opcode: number, ...rest: Code): Code => [VECTOR, ...unsigned(opcode), ...rest]

export const i32Const = (value: number): Code => [0x41, ...signed(value)]
export const i32Add: Code = [0x6a]
export const i32LessThan: Code = [0x49]
export const localGet = (index: number): Code => [0x20, ...unsigned(index)]
export const localSet = (index: number): Code => [0x21, ...unsigned(index)]
/** A block that begins anew where `again` is not zero. */
export const doWhile = (body: Code, again: Code): Code => [0x03, 0x40, ...body, ...again, 0x0d, 0x00, END]
export const v128Load = (offset: number): Code => simd(0, ...memory(2, offset))
/** One float in all four lanes. */
export const v128Load32Splat = (offset: number): Code => simd(9, ...memory(2, offset))
export const v128Store = (offset: number): Code => simd(11, ...memory(2, offset))
export const v128Zero: Code = simd(12, ...Array.from({ length: 16 }, () => 0))
export const f32x4Sqrt: Code = simd(227)
export const f32x4Add: Code = simd(228)
export const f32x4Mul: Code = simd(230)
export const f32x4Max: Code = simd(233)
