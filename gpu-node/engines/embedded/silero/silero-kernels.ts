// The two kernels of Silero's arithmetic as WebAssembly SIMD: a matrix times some vectors, and magnitudes of complex numbers. Each
// layer becomes one function with its sizes and addresses built in. Results are the same on every machine (no relaxed SIMD).
import {
  doWhile,
  f32x4Add,
  f32x4Max,
  f32x4Mul,
  f32x4Sqrt,
  i32Add,
  i32Const,
  i32LessThan,
  localGet,
  localSet,
  v128Load,
  v128Load32Splat,
  v128Store,
  v128Zero,
  type Code,
  type WasmFunction,
} from './wasm-module.ts'

const FLOAT_BYTES = 4
const LANES = 4
const VECTOR_BYTES = LANES * FLOAT_BYTES
/** Steps of the inner loop between two branches. */
const UNROLLED = 4

/** outputs[column] = matrix × inputs[column] + biases, for each column. Places are in floats from the start of the memory. */
export interface Product {
  name: string
  /** By blocks of `blockRows(…)` rows, as `inBlocks` lays them. */
  matrix: number
  biases: number
  rows: number
  /** Length of an input; a multiple of 4. */
  width: number
  columns: number
  input: number
  /** From one column's input to the next one's. */
  inputStep: number
  output: number
  outputStep: number
  /** Negative results become 0. */
  rectified: boolean
}

/** Eight sums at once hide the latency of an addition, and sixteen registers hold them with their operands. */
const vectorsOfBlock = (columns: number): number => (columns >= 4 ? 2 : 4)
/** Rows that are summed at once; `rows` is a multiple of it. */
export const blockRows = (columns: number): number => vectorsOfBlock(columns) * LANES

/** The matrix as the kernel reads it: blocks of rows, each column by column. */
export function inBlocks(
  valueAt: (row: number, column: number) => number,
  { rows, width, columns }: Pick<Product, 'rows' | 'width' | 'columns'>,
): Float32Array {
  const block = blockRows(columns)
  const laid = new Float32Array(rows * width)
  for (let row = 0; row < rows; row++)
    for (let k = 0; k < width; k++) laid[(row - (row % block)) * width + k * block + (row % block)] = valueAt(row, k)
  return laid
}

export function product(layer: Product): WasmFunction {
  const vectors = vectorsOfBlock(layer.columns)
  const blockBytes = vectors * VECTOR_BYTES
  const columns = range(layer.columns)
  const [matrix, input, bias, output] = [0, 1, 2, 3]
  const sum = (vector: number, column: number): number => 4 + vector * layer.columns + column
  const weight = (vector: number): number => 4 + vectors * layer.columns + vector
  const value = 4 + vectors * layer.columns + vectors
  const bytes = (floats: number): number => floats * FLOAT_BYTES
  const add = (local: number, by: number): Code => [...localGet(local), ...i32Const(by), ...i32Add, ...localSet(local)]
  const isBelow = (local: number, end: number): Code => [...localGet(local), ...i32Const(end), ...i32LessThan]

  const step = (at: number): Code => [
    ...range(vectors).flatMap((v) => [
      ...localGet(matrix),
      ...v128Load(at * blockBytes + v * VECTOR_BYTES),
      ...localSet(weight(v)),
    ]),
    ...columns.flatMap((column) => [
      ...localGet(input),
      ...v128Load32Splat(bytes(column * layer.inputStep + at)),
      ...localSet(value),
      ...range(vectors).flatMap((v) => [
        ...localGet(sum(v, column)),
        ...localGet(weight(v)),
        ...localGet(value),
        ...f32x4Mul,
        ...f32x4Add,
        ...localSet(sum(v, column)),
      ]),
    ]),
  ]
  const sums = range(vectors).flatMap((v) => columns.map((column) => ({ v, column })))
  const block: Code = [
    ...sums.flatMap(({ v, column }) => [...localGet(bias), ...v128Load(v * VECTOR_BYTES), ...localSet(sum(v, column))]),
    ...i32Const(bytes(layer.input)),
    ...localSet(input),
    ...doWhile(
      [...range(UNROLLED).flatMap(step), ...add(matrix, UNROLLED * blockBytes), ...add(input, bytes(UNROLLED))],
      isBelow(input, bytes(layer.input + layer.width)),
    ),
    ...sums.flatMap(({ v, column }) => [
      ...localGet(output),
      ...localGet(sum(v, column)),
      ...(layer.rectified ? [...v128Zero, ...f32x4Max] : []),
      ...v128Store(bytes(column * layer.outputStep) + v * VECTOR_BYTES),
    ]),
    ...add(bias, blockBytes),
    ...add(output, blockBytes),
  ]
  const body = [
    ...i32Const(bytes(layer.matrix)),
    ...localSet(matrix),
    ...i32Const(bytes(layer.biases)),
    ...localSet(bias),
    ...i32Const(bytes(layer.output)),
    ...localSet(output),
    ...doWhile(block, isBelow(bias, bytes(layer.biases + layer.rows))),
  ]
  return { name: layer.name, locals: { i32: 4, v128: value - 3 }, body }
}

/** magnitudes = √(real² + imaginary²); places in floats, `length` a multiple of 4. */
export interface Magnitudes {
  name: string
  real: number
  imaginary: number
  output: number
  length: number
}

export function magnitudes({ name, real, imaginary, output, length }: Magnitudes): WasmFunction {
  const [at, part] = [0, 1]
  const squared = (place: number): Code => [
    ...localGet(at),
    ...v128Load(place * FLOAT_BYTES),
    ...localSet(part),
    ...localGet(part),
    ...localGet(part),
    ...f32x4Mul,
  ]
  const body = doWhile(
    [
      ...localGet(at),
      ...squared(real),
      ...squared(imaginary),
      ...f32x4Add,
      ...f32x4Sqrt,
      ...v128Store(output * FLOAT_BYTES),
      ...localGet(at),
      ...i32Const(VECTOR_BYTES),
      ...i32Add,
      ...localSet(at),
    ],
    [...localGet(at), ...i32Const(length * FLOAT_BYTES), ...i32LessThan],
  )
  return { name, locals: { i32: 1, v128: 1 }, body }
}

const range = (length: number): number[] => Array.from({ length }, (_, i) => i)
