// A card that says what a test wants: how full it is and whose processes hold it. Always read just now.
import type { Clock } from '#shared/clock.ts'
import type { GpuProcess, GpuReader, GpuReading } from '#gpu-node/gpu/gpu-reading.ts'

export const GIB = 1024 ** 3

export interface ScriptedGpu extends GpuReader {
  /** Undefined: there is no card. */
  usedBytes: number | undefined
  onCard: GpuProcess[]
}

export function createScriptedGpu(clock: Clock): ScriptedGpu {
  const gpu: ScriptedGpu = {
    usedBytes: undefined,
    onCard: [],
    start: () => {},
    stop: () => {},
    latest: () => (gpu.usedBytes === undefined ? undefined : reading(clock.now(), gpu.usedBytes)),
    processes: () => Promise.resolve(gpu.usedBytes === undefined ? undefined : gpu.onCard),
  }
  return gpu
}

const reading = (at: number, usedBytes: number): GpuReading => ({
  at,
  name: 'NVIDIA GeForce RTX 4090',
  driver: '580.95.05',
  usedBytes,
  totalBytes: 24 * GIB,
  busyFraction: null,
  temperatureCelsius: null,
  powerWatts: null,
})
