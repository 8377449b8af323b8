// Looked at before each start: nothing of an earlier run lives or holds the card, nobody else runs this engine, and the card
// has room for it. It ends what is left over, and changes nothing else.
import type { Clock } from '#shared/clock.ts'
import type { GpuReader, GpuReading } from '#gpu-node/gpu/gpu-reading.ts'
import type { ManagedEngine } from './managed-engine.ts'
import type { ProcessHost } from './process-host.ts'

/** The driver frees a dead process's memory a little after its death. */
const CARD_TIMEOUT_MS = 10_000
/** The card is read once a second. */
const READING_TIMEOUT_MS = 3_000
const LOOK_AGAIN_MS = 250
const MIB = 1024 ** 2

export interface PreflightParts {
  host: ProcessHost
  gpu: GpuReader
  clock: Clock
}

/** Resolves with what stands in the way, or undefined. */
export async function preflight({ name, launch }: ManagedEngine, parts: PreflightParts): Promise<string | undefined> {
  const { host, gpu, clock } = parts
  const other = await host.otherOwner(name)
  if (other !== undefined) return `another node (process ${other}) runs it in this data folder`
  const { found, left } = await host.sweep(name)
  if (left.length > 0) return `processes of its earlier run cannot be ended: ${left.join(', ')}`
  const holding = await stillOnCard(found, gpu, clock)
  if (holding.length > 0) return `processes of its earlier run still hold the card: ${holding.join(', ')}`
  const card = await freshReading(gpu, clock)
  if (!card) return undefined
  const freeBytes = card.totalBytes - card.usedBytes
  if (freeBytes >= launch.vramReserveBytes) return undefined
  return `waits for memory on the card: ${mib(freeBytes)} MiB are free, it needs ${mib(launch.vramReserveBytes)}`
}

async function stillOnCard(pids: readonly number[], gpu: GpuReader, clock: Clock): Promise<number[]> {
  if (pids.length === 0) return []
  const until = clock.now() + CARD_TIMEOUT_MS
  for (;;) {
    const onCard = (await gpu.processes()) ?? []
    const own = onCard.map(({ pid }) => pid).filter((pid) => pids.includes(pid))
    if (own.length === 0 || clock.now() >= until) return own
    await clock.sleep(LOOK_AGAIN_MS)
  }
}

/** Read after the last engine began to hold or ceased to hold its part; undefined without a card. */
async function freshReading(gpu: GpuReader, clock: Clock): Promise<GpuReading | undefined> {
  const from = clock.now()
  for (;;) {
    const card = gpu.latest()
    if (!card || card.at >= from || clock.now() - from >= READING_TIMEOUT_MS) return card
    await clock.sleep(LOOK_AGAIN_MS)
  }
}

const mib = (bytes: number): number => Math.floor(bytes / MIB)
