// Bench: what a frame costs Silero as the node runs it, against plain loops over the same weights. One process, one thread, recorded
// speech; both take turns in each round, so that a busy machine is busy for both.
import type { Vad } from '#gpu-node/engines/ports.ts'
import { createSileroVad } from '#gpu-node/engines/embedded/silero/silero-vad.ts'
import { recordedFrames } from '#tests/gpu-node/engines/embedded/recorded.ts'
import { quantile } from './quantile.ts'
import type { Report } from './report.ts'
import { createLoopedSilero } from './silero-loop.ts'

export interface VadLoad {
  /** After one in which the code is compiled. */
  rounds: number
  /** Frames between two looks at the clock. */
  frames: number
}

export const VAD_FULL: VadLoad = { rounds: 30, frames: 500 }
export const VAD_SHORT: VadLoad = { rounds: 3, frames: 100 }

const FRAME_MS = 32
const MAX_CPU_MS = 0.2

const CONTENDERS: readonly { name: string; create: () => Vad }[] = [
  { name: 'TypeScript loops', create: createLoopedSilero },
  { name: 'WebAssembly SIMD', create: createSileroVad },
]

export async function benchVad({ rounds, frames }: VadLoad = VAD_FULL): Promise<Report> {
  const speech = await recordedFrames()
  const contenders = CONTENDERS.map(({ name, create }) => ({ name, stream: create().stream(), cpuMs: [] as number[] }))
  for (let round = 0; round <= rounds; round++)
    for (const { stream, cpuMs } of contenders) {
      stream.reset()
      const before = process.cpuUsage()
      for (let at = 0; at < frames; at++) stream.push(speech[at % speech.length] ?? new Float32Array(0))
      const { user, system } = process.cpuUsage(before)
      if (round > 0) cpuMs.push((user + system) / 1000 / frames)
    }
  const medians = contenders.map(({ cpuMs }) => quantile(cpuMs, 0.5))
  const [base = NaN, own = NaN] = medians
  return {
    title: 'vad',
    baseline: 'TypeScript loops over the same weights, in the same run',
    columns: [
      { name: 'arithmetic' },
      { name: 'CPU ms/frame p50', digits: 3 },
      { name: 'p95', digits: 3 },
      { name: '× faster', digits: 1 },
      { name: 'streams/core', digits: 0 },
    ],
    rows: contenders.map(({ name, cpuMs }, at) => {
      const p50 = medians[at] ?? NaN
      return [name, p50, quantile(cpuMs, 0.95), base / p50, FRAME_MS / p50]
    }),
    notes: [
      'CPU ms: processor time of the process for a frame of 32 ms, by the mean of each round; p50 and p95 are over the rounds.',
      'streams/core: calls whose detection alone fills one core.',
    ],
    aims: [{ aim: `a frame takes ≤ ${MAX_CPU_MS} ms of CPU`, got: `${own.toFixed(3)} ms`, isMet: own <= MAX_CPU_MS }],
  }
}
