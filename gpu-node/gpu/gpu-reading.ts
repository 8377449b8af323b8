// What the card says of itself. Implemented by nvidia-smi.ts and by scripts in tests; read by supervisor and admission.

export interface GpuReading {
  /** When it was read, by the node's clock. */
  at: number
  name: string
  driver: string | null
  usedBytes: number
  totalBytes: number
  /** From 0 to 1: the share of the last second in which it computed. */
  busyFraction: number | null
  temperatureCelsius: number | null
  powerWatts: number | null
}

export interface GpuProcess {
  pid: number
  /** Null where the platform does not tell, as on Windows. */
  usedBytes: number | null
}

export interface GpuReader {
  start(): void
  stop(): void
  /** Undefined without a card, and when it has fallen silent. Never waits. */
  latest(): GpuReading | undefined
  /** Asks anew; undefined where the platform does not tell. */
  processes(): Promise<GpuProcess[] | undefined>
}
