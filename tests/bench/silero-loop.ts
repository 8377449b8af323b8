// Baseline of the VAD bench: Silero v6 by plain loops over Float32Array, as its graph is written. It equals the ONNX runtime within
// 2e-6; tests/fixtures/silero-vectors.json has what it says of recordings.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { invariant } from '#shared/invariant.ts'
import type { Vad, VadStream } from '#gpu-node/engines/ports.ts'
import { VAD_FRAME_SAMPLES } from '#gpu-node/engines/ports.ts'
import { readOnnxConstants } from '#gpu-node/engines/embedded/silero/silero-onnx.ts'

/** Samples of the frame before, which the model wants in front of each frame. Without them v6 hears no speech at all. */
const CONTEXT_SAMPLES = 64
/** The short-time Fourier transform: 4 windows of 256 samples, every 128, with 64 mirrored samples at the end. */
const WINDOWS = 4
const WINDOW_SAMPLES = 256
const WINDOW_STEP = 128
const MIRRORED_SAMPLES = 64
const BINS = 129
const HIDDEN = 128
/** Samples of a convolution's kernel; zero-padded by one on each side. */
const KERNEL = 3

interface Convolution {
  weights: Float32Array
  biases: Float32Array
  stride: number
}
interface Model {
  fourierBasis: Float32Array
  convolutions: Convolution[]
  inputWeights: Float32Array
  hiddenWeights: Float32Array
  gateBiases: Float32Array
  outputWeights: Float32Array
  outputBias: number
}

export function createLoopedSilero(): Vad {
  const path = createRequire(import.meta.url).resolve('@ricky0123/vad-web/dist/silero_vad_v6.onnx')
  const model = readModel(readOnnxConstants(readFileSync(path)))
  return {
    engine: { role: 'vad', name: 'silero', version: '6', demonstration: false },
    stream: () => new SileroStream(model),
  }
}

function readModel(constants: Map<string, Float32Array>): Model {
  const names = [...constants.keys()]
  // The graph is an If on the sample rate; its then branch is the model of 16 kHz.
  const tensor = (suffix: string): Float32Array => {
    const name = names.find((candidate) => candidate.includes('then_branch') && candidate.endsWith(suffix))
    const found = constants.get(name ?? '')
    invariant(found, `the model has ${suffix}`)
    return found
  }
  const hiddenBiases = tensor('rnn.bias_hh')
  return {
    fourierBasis: tensor('stft.forward_basis_buffer'),
    convolutions: [1, 2, 2, 1].map((stride, i) => ({
      weights: tensor(`encoder.${i}.reparam_conv.weight`),
      biases: tensor(`encoder.${i}.reparam_conv.bias`),
      stride,
    })),
    inputWeights: tensor('rnn.weight_ih'),
    hiddenWeights: tensor('rnn.weight_hh'),
    gateBiases: tensor('rnn.bias_ih').map((bias, i) => bias + (hiddenBiases[i] ?? 0)),
    outputWeights: tensor('decoder.decoder.2.weight'),
    outputBias: tensor('decoder.decoder.2.bias')[0] ?? 0,
  }
}

class SileroStream implements VadStream {
  readonly #model: Model
  readonly #samples = new Float32Array(CONTEXT_SAMPLES + VAD_FRAME_SAMPLES + MIRRORED_SAMPLES)
  readonly #hidden = new Float32Array(HIDDEN)
  readonly #cell = new Float32Array(HIDDEN)
  readonly #gates = new Float32Array(HIDDEN * 4)

  constructor(model: Model) {
    this.#model = model
  }

  push(frame: Float32Array): number {
    invariant(frame.length === VAD_FRAME_SAMPLES, `a VAD frame has ${VAD_FRAME_SAMPLES} samples`)
    const samples = this.#samples
    const end = CONTEXT_SAMPLES + VAD_FRAME_SAMPLES
    samples.set(frame, CONTEXT_SAMPLES)
    for (let i = 0; i < MIRRORED_SAMPLES; i++) samples[end + i] = samples[end - 2 - i] ?? 0
    let features = magnitudes(samples, this.#model.fourierBasis)
    for (const convolution of this.#model.convolutions) features = convolve(features, convolution)
    samples.copyWithin(0, end - CONTEXT_SAMPLES, end)
    return this.#recur(features)
  }

  reset(): void {
    this.#samples.fill(0)
    this.#hidden.fill(0)
    this.#cell.fill(0)
  }

  /** One step of the LSTM (gates in the order input, forget, candidate, output) and the output layer over it. */
  #recur(features: Float32Array): number {
    const [model, hidden, cell, gates] = [this.#model, this.#hidden, this.#cell, this.#gates]
    for (let j = 0; j < gates.length; j++) {
      gates[j] = (model.gateBiases[j] ?? 0) + dot(model.inputWeights, j, features) + dot(model.hiddenWeights, j, hidden)
    }
    let logit = model.outputBias
    for (let k = 0; k < HIDDEN; k++) {
      const candidate = Math.tanh(gates[2 * HIDDEN + k] ?? 0)
      const kept = sigmoid(gates[HIDDEN + k] ?? 0) * (cell[k] ?? 0) + sigmoid(gates[k] ?? 0) * candidate
      const shown = sigmoid(gates[3 * HIDDEN + k] ?? 0) * Math.tanh(kept)
      cell[k] = kept
      hidden[k] = shown
      if (shown > 0) logit += (model.outputWeights[k] ?? 0) * shown
    }
    return sigmoid(logit)
  }
}

/** The spectrum's magnitudes, bin by bin, each with its WINDOWS values in time. */
function magnitudes(samples: Float32Array, basis: Float32Array): Float32Array {
  const spectrum = new Float32Array(BINS * WINDOWS)
  for (let window = 0; window < WINDOWS; window++) {
    const part = samples.subarray(window * WINDOW_STEP, window * WINDOW_STEP + WINDOW_SAMPLES)
    for (let bin = 0; bin < BINS; bin++) {
      const real = dot(basis, bin, part)
      const imaginary = dot(basis, bin + BINS, part)
      spectrum[bin * WINDOWS + window] = Math.sqrt(real * real + imaginary * imaginary)
    }
  }
  return spectrum
}

/** A convolution over time with ReLU: input and output are channel by channel. */
function convolve(input: Float32Array, { weights, biases, stride }: Convolution): Float32Array {
  const outputs = biases.length
  const width = weights.length / outputs
  const inputs = width / KERNEL
  const times = input.length / inputs
  const outputTimes = Math.floor((times - 1) / stride) + 1
  const output = new Float32Array(outputs * outputTimes)
  // The receptive field of one time, in the order of the weights, so that each output is one dot product.
  const field = new Float32Array(width)
  for (let time = 0; time < outputTimes; time++) {
    for (let i = 0; i < inputs; i++)
      for (let k = 0; k < KERNEL; k++) {
        const at = time * stride + k - 1
        field[i * KERNEL + k] = at < 0 || at >= times ? 0 : (input[i * times + at] ?? 0)
      }
    for (let o = 0; o < outputs; o++)
      output[o * outputTimes + time] = Math.max(0, (biases[o] ?? 0) + dot(weights, o, field))
  }
  return output
}

/** One row of a matrix, whose rows are as long as the vector, times the vector. */
function dot(matrix: Float32Array, row: number, vector: Float32Array): number {
  const start = row * vector.length
  let sum = 0
  for (let k = 0; k < vector.length; k++) sum += (matrix[start + k] ?? 0) * (vector[k] ?? 0)
  return sum
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
