// The kernels of Silero's arithmetic against plain loops, and the detector against the reference.
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { inBlocks, magnitudes, product, type Product } from '#gpu-node/engines/embedded/silero/silero-kernels.ts'
import { createSileroVad, requireSimd } from '#gpu-node/engines/embedded/silero/silero-vad.ts'
import { assembleModule, PAGE_BYTES, type WasmFunction } from '#gpu-node/engines/embedded/silero/wasm-module.ts'
import { VAD_FRAME_SAMPLES } from '#gpu-node/engines/ports.ts'
import { recordedFrames } from './recorded.ts'
import { framesOf, pinkNoise } from './spoken.ts'

const RATE = 16_000
const TOLERANCE = 1e-4
const VECTORS = JSON.parse(readFileSync('tests/fixtures/silero-vectors.json', 'utf8')) as {
  recording: number[]
  noise: number[]
  silence: number[]
}

/** Runs one function over a memory that begins with `floats`. */
function run(wasm: WasmFunction, floats: Float32Array): Float32Array {
  const pages = Math.ceil(floats.byteLength / PAGE_BYTES)
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assembleModule([wasm], pages)))
  const memory = new Float32Array((exports['memory'] as WebAssembly.Memory).buffer)
  memory.set(floats)
  const start = exports[wasm.name] as () => void
  start()
  return memory.slice(0, floats.length)
}

describe('kernels of silero', () => {
  const shape = fc.record({
    columns: fc.constantFrom(1, 2, 4),
    blocks: fc.integer({ min: 1, max: 5 }),
    quarters: fc.integer({ min: 1, max: 40 }),
    gap: fc.integer({ min: 0, max: 7 }),
    rectified: fc.boolean(),
    seed: fc.integer({ min: 1 }),
  })

  it('[VAD7] a product is that of plain loops', () => {
    fc.assert(
      fc.property(shape, ({ columns, blocks, quarters, gap, rectified, seed }) => {
        const [rows, width] = [blocks * 16, quarters * 4]
        const [inputStep, outputStep] = [width + gap, rows + gap]
        const matrix = pinkNoise(rows * width + (seed % 97), 0.05).slice(seed % 97)
        const inputs = pinkNoise(columns * inputStep, 0.05)
        const biases = pinkNoise(rows, 0.5)
        const layer: Product = {
          name: 'layer',
          rows,
          width,
          columns,
          inputStep,
          outputStep,
          rectified,
          matrix: 0,
          biases: rows * width,
          input: rows * width + rows,
          output: rows * width + rows + columns * inputStep,
        }
        const floats = new Float32Array(layer.output + columns * outputStep)
        floats.set(inBlocks((row, k) => matrix[row * width + k] ?? NaN, layer))
        floats.set(biases, layer.biases)
        floats.set(inputs, layer.input)
        const after = run(product(layer), floats)
        for (let column = 0; column < columns; column++)
          for (let row = 0; row < rows; row++) {
            let sum = biases[row] ?? NaN
            for (let k = 0; k < width; k++)
              sum += (matrix[row * width + k] ?? NaN) * (inputs[column * inputStep + k] ?? NaN)
            expect(after[layer.output + column * outputStep + row]).toBeCloseTo(rectified ? Math.max(0, sum) : sum, 3)
          }
      }),
      { numRuns: 60 },
    )
  })

  it('[VAD7] magnitudes are roots of summed squares', () => {
    const floats = new Float32Array(36)
    floats.set([3, -5, 0, 1], 4)
    floats.set([4, 12, 0, -1], 16)
    const after = run(magnitudes({ name: 'magnitudes', real: 4, imaginary: 16, output: 28, length: 4 }), floats)
    expect([...after.subarray(28, 32)]).toEqual([5, 13, 0, Math.fround(Math.SQRT2)])
  })

  it('[VAD7] a memory of many pages and code over 127 bytes are written as the format says', () => {
    const floats = new Float32Array(70_000)
    floats.fill(2)
    const layer = {
      name: 'far',
      rows: 16,
      width: 4,
      columns: 1,
      input: 69_000,
      inputStep: 0,
      output: 69_100,
      outputStep: 0,
    }
    const after = run(product({ ...layer, matrix: 66_000, biases: 68_000, rectified: false }), floats)
    expect([...after.subarray(69_100, 69_117)]).toEqual([...Array.from({ length: 16 }, () => 18), 2])
  })
})

describe('silero and its reference', () => {
  it.each<[keyof typeof VECTORS, () => Promise<Float32Array[]> | Float32Array[]]>([
    ['recording', recordedFrames],
    ['noise', () => framesOf(pinkNoise(RATE * 2, 0.05), VAD_FRAME_SAMPLES)],
    ['silence', () => framesOf(new Float32Array(RATE), VAD_FRAME_SAMPLES)],
  ])('[VAD5] says of %s what the reference says', async (name, frames) => {
    const stream = createSileroVad().stream()
    const said = (await frames()).map((frame) => stream.push(frame))
    expect(said).toHaveLength(VECTORS[name].length)
    for (const [at, probability] of said.entries())
      expect(Math.abs(probability - (VECTORS[name][at] ?? NaN)), `frame ${at}`).toBeLessThan(TOLERANCE)
  })

  it('[VAD6] a runtime without SIMD is refused with what is needed', () => {
    expect(() => requireSimd()).not.toThrow()
    const issues = [expect.stringMatching(/^WebAssembly SIMD: is needed .*SSE4\.1/)]
    const refusal = { fault: { code: 'invalid_message', issues } }
    expect(catching(() => requireSimd(() => false))).toMatchObject(refusal)
  })

  const catching = (work: () => void): unknown => {
    try {
      return work()
    } catch (error) {
      return error
    }
  }
})
