// A card that says what a test wants: how full it is and whose processes hold it. Read just now, or when the test says.
import type { Clock } from '#shared/clock.ts'
import type { GpuProcess, GpuReader, GpuReading } from '#gpu-node/gpu/gpu-reading.ts'

export const GIB = 1024 ** 3

export interface ScriptedGpu extends GpuReader {
  /** Undefined: there is no card. */
  usedBytes: number | undefined
  /** Undefined: the platform does not tell. */
  onCard: GpuProcess[] | undefined
  /** Undefined: just now. */
  readAt: number | undefined
}

export function createScriptedGpu(clock: Clock): ScriptedGpu {
  const gpu: ScriptedGpu = {
    usedBytes: undefined,
    onCard: [],
    readAt: undefined,
    start: () => {},
    stop: () => {},
    latest: () => (gpu.usedBytes === undefined ? undefined : reading(gpu.readAt ?? clock.now(), gpu.usedBytes)),
    processes: () => Promise.resolve(gpu.onCard),
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
