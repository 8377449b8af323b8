// Silero v6 as layers over one WebAssembly memory: the weights of the .onnx file, laid out as silero-kernels.ts reads them, and places
// for what goes from layer to layer. Used by silero-vad.ts. It keeps nothing from one frame to the next.
import { invariant } from '#shared/invariant.ts'
import { inBlocks, magnitudes, product, type Product } from './silero-kernels.ts'
import { assembleModule, PAGE_BYTES } from './wasm-module.ts'

/** The short-time Fourier transform of a frame: 4 windows of 256 samples, every 128. */
export const WINDOWS = 4
export const WINDOW_SAMPLES = 256
export const WINDOW_STEP = 128
/** Outputs of the recurrent layer. */
export const HIDDEN = 128
/** A half and a quarter of a window, where sine and cosine repeat themselves. */
const HALF = WINDOW_SAMPLES / 2
const QUARTER = WINDOW_SAMPLES / 4
/** Values of a folding: one more than a quarter, and zeros, because kernels take four steps at once. */
const FOLDING = QUARTER + 4
/** Bins of a spectrum: the even ones, the odd ones, the last one, and zeros. */
const SPECTRUM = HALF + 4
const BINS = HALF + 1
/** Times that a convolution looks at: the one before, its own, the one after. */
const TAPS = 3
/** How far the file's basis may be from its formula: the rounding of floats. */
const BASIS_TOLERANCE = 1e-5

export interface Network {
  /** The layers' memory, in floats. The numbers below are places in it. */
  memory: Float32Array
  /** What the samples of a window are multiplied with. */
  window: Float32Array
  /** Foldings of the first window; those of the next one are `step` behind. */
  folded: { evenCosine: number; oddCosine: number; evenSine: number; oddSine: number; step: number }
  /** The last bin of the first window, which is only a sum; that of the next one is `step` behind. */
  lastBin: { at: number; step: number }
  /** The recurrent layer's output of the frame before. */
  hidden: number
  /** Sums of the recurrent layer: HIDDEN for each gate, in the order input, forget, candidate, output. */
  gates: number
  outputWeights: Float32Array
  outputBias: number
  /** From the foldings, the last bins and the hidden values to the gates. */
  run(): void
}

export type Tensors = (suffix: string) => Float32Array

export function createNetwork(tensor: Tensors): Network {
  const memory = new MemoryPlan()
  const transform = layTransform(memory, tensor)
  const recurrent = memory.place(2 * HIDDEN)
  const convolutions = layConvolutions(memory, tensor, { input: transform.spectrum, output: recurrent })
  const gates = memory.place(4 * HIDDEN)
  const recurrence = layRecurrence(memory, tensor, { input: recurrent, output: gates })
  const functions = [...transform.functions, ...convolutions, recurrence]
  const { exports, floats } = memory.instantiate(functions)
  const steps = functions.map(({ name }) => exports[name] as () => void)
  const { window, folded, lastBin } = transform
  return {
    memory: floats,
    window,
    folded,
    lastBin,
    hidden: recurrent + HIDDEN,
    gates,
    outputWeights: tensor('decoder.decoder.2.weight'),
    outputBias: tensor('decoder.decoder.2.bias')[0] ?? 0,
    run: () => {
      for (const step of steps) step()
    },
  }
}

/** From foldings to magnitudes. `spectrum`: those of each time one behind the other, zeros before the first and after the last. */
function layTransform(memory: MemoryPlan, tensor: Tensors) {
  const start = memory.place(WINDOWS * 4 * FOLDING)
  const [evenCosine, oddCosine, evenSine, oddSine] = [start, start + FOLDING, start + 2 * FOLDING, start + 3 * FOLDING]
  const [real, imaginary] = [memory.place(WINDOWS * SPECTRUM), memory.place(WINDOWS * SPECTRUM)]
  const spectrum = memory.place((WINDOWS + 2) * SPECTRUM)
  const basis = tensor('stft.forward_basis_buffer')
  const window = basis.slice(0, WINDOW_SAMPLES)
  checkBasis(basis, window)
  const angle = (bin: number, sample: number): number => (2 * Math.PI * bin * sample) / WINDOW_SAMPLES
  const sizes = { rows: QUARTER, columns: WINDOWS, inputStep: 4 * FOLDING, outputStep: SPECTRUM, rectified: false }
  const products = [
    memory.layer({ ...sizes, name: 'evenReal', input: evenCosine, width: FOLDING, output: real }, (row, n) =>
      n > QUARTER ? 0 : Math.cos(angle(2 * row, n)),
    ),
    memory.layer({ ...sizes, name: 'oddReal', input: oddCosine, width: QUARTER, output: real + QUARTER }, (row, n) =>
      Math.cos(angle(2 * row + 1, n)),
    ),
    memory.layer({ ...sizes, name: 'evenImaginary', input: evenSine, width: QUARTER, output: imaginary }, (row, n) =>
      Math.sin(angle(2 * row, n)),
    ),
    // The sample of the middle stands at 0, where every sine is 0.
    memory.layer(
      { ...sizes, name: 'oddImaginary', input: oddSine, width: QUARTER, output: imaginary + QUARTER },
      (row, n) => Math.sin(angle(2 * row + 1, n === 0 ? QUARTER : n)),
    ),
  ]
  const length = WINDOWS * SPECTRUM
  return {
    functions: [
      ...products.map(product),
      magnitudes({ name: 'magnitudes', real, imaginary, output: spectrum + SPECTRUM, length }),
    ],
    window,
    folded: { evenCosine, oddCosine, evenSine, oddSine, step: 4 * FOLDING },
    lastBin: { at: real + HALF, step: SPECTRUM },
    spectrum,
  }
}

/** Times lie one behind the other, so a time and its neighbours are one vector. Taps that only ever see zeros are left out. */
function layConvolutions(memory: MemoryPlan, tensor: Tensors, { input, output }: { input: number; output: number }) {
  const second = memory.place((WINDOWS + 1) * 128)
  const third = memory.place(2 * 64)
  const fourth = memory.place(64)
  const shapes = [
    { channels: SPECTRUM, firstTap: 0, taps: 3, times: 4, stride: 1, from: input, to: second + 128 },
    { channels: 128, firstTap: 0, taps: 3, times: 2, stride: 2, from: second, to: third },
    { channels: 64, firstTap: 1, taps: 2, times: 1, stride: 2, from: third, to: fourth },
    { channels: 64, firstTap: 1, taps: 1, times: 1, stride: 1, from: fourth, to: output },
  ]
  return shapes.map(({ channels, firstTap, taps, times, stride, from, to }, index) => {
    const weights = tensor(`encoder.${index}.reparam_conv.weight`)
    const biases = tensor(`encoder.${index}.reparam_conv.bias`)
    const rows = biases.length
    const given = weights.length / rows / TAPS
    const sizes = { rows, width: taps * channels, columns: times, inputStep: stride * channels, outputStep: rows }
    const layer = memory.layer(
      { ...sizes, name: `convolution${index}`, input: from, output: to, rectified: true },
      (row, k) => {
        const tap = firstTap + Math.floor(k / channels)
        const channel = index === 0 ? binOf(k % channels) : k % channels
        return channel < given ? (weights[(row * given + channel) * TAPS + tap] ?? 0) : 0
      },
      biases,
    )
    return product(layer)
  })
}

/** One matrix over the features and, behind them, the hidden values. */
function layRecurrence(memory: MemoryPlan, tensor: Tensors, places: { input: number; output: number }) {
  const [inputWeights, hiddenWeights] = [tensor('rnn.weight_ih'), tensor('rnn.weight_hh')]
  const hiddenBiases = tensor('rnn.bias_hh')
  const sizes = { rows: 4 * HIDDEN, width: 2 * HIDDEN, columns: 1, inputStep: 0, outputStep: 0 }
  const layer = memory.layer(
    { ...sizes, ...places, name: 'recurrence', rectified: false },
    (row, k) => (k < HIDDEN ? inputWeights[row * HIDDEN + k] : hiddenWeights[row * HIDDEN + k - HIDDEN]) ?? 0,
    tensor('rnn.bias_ih').map((bias, row) => bias + (hiddenBiases[row] ?? 0)),
  )
  return product(layer)
}

/** The bin that stands at a place of a spectrum: beyond BINS for the zeros at its end. */
function binOf(place: number): number {
  if (place < QUARTER) return 2 * place
  return place < HALF ? 2 * (place - QUARTER) + 1 : place
}

/** The transform is computed by its formula: another file's basis would be silently ignored. */
function checkBasis(basis: Float32Array, window: Float32Array): void {
  for (let bin = 0; bin < BINS; bin++)
    for (let n = 0; n < WINDOW_SAMPLES; n++) {
      const angle = (2 * Math.PI * bin * n) / WINDOW_SAMPLES
      const [real, imaginary] = [basis[bin * WINDOW_SAMPLES + n] ?? 0, basis[(bin + BINS) * WINDOW_SAMPLES + n] ?? 0]
      const [cosine, sine] = [(window[n] ?? 0) * Math.cos(angle), (window[n] ?? 0) * Math.sin(angle)]
      const isRight = Math.abs(real - cosine) < BASIS_TOLERANCE && Math.abs(imaginary + sine) < BASIS_TOLERANCE
      invariant(isRight, 'the model transforms by windowed sines and cosines')
    }
}

/** Gives out places of a memory, and fills them once the memory is there. */
class MemoryPlan {
  #floats = 0
  readonly #filling: { at: number; values: Float32Array }[] = []

  place(floats: number): number {
    const at = this.#floats
    this.#floats += floats
    return at
  }

  layer(
    layer: Omit<Product, 'matrix' | 'biases'>,
    weightAt: (row: number, k: number) => number,
    biasValues: Float32Array = new Float32Array(layer.rows),
  ): Product {
    const [matrix, biases] = [this.place(layer.rows * layer.width), this.place(layer.rows)]
    this.#filling.push({ at: matrix, values: inBlocks(weightAt, layer) }, { at: biases, values: biasValues })
    return { ...layer, matrix, biases }
  }

  instantiate(functions: readonly ReturnType<typeof product>[]): {
    exports: WebAssembly.Exports
    floats: Float32Array
  } {
    const pages = Math.ceil((this.#floats * Float32Array.BYTES_PER_ELEMENT) / PAGE_BYTES)
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assembleModule(functions, pages)))
    const floats = new Float32Array((exports['memory'] as WebAssembly.Memory).buffer)
    for (const { at, values } of this.#filling) floats.set(values, at)
    return { exports, floats }
  }
}
