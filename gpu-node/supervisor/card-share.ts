// What an engine asks of the card at its start. Preflight looks for the engine's reserve; an engine that looks by itself (vLLM) is told
// the share of the card that comes of the same reserve. Pure.
import type { GpuReading } from '#gpu-node/gpu/gpu-reading.ts'
import type { LaunchPlan } from './managed-engine.ts'

/**
 * Free for nvidia-smi, and not for the engine that looks: what the driver keeps (0.5 GiB of a 24 GiB card) and what CUDA takes for the
 * process before it looks.
 */
const UNSEEN_BYTES = 1024 ** 3
/** Of the share: 0.0001 of 24 GiB are 2.5 MiB. */
const SHARE_DIGITS = 4
/** vLLM takes none below or at 0; as little as this is always free. */
const MIN_SHARE = 0.01

/** The command with its share. Without a reading of the card as little as can be: vLLM would ask for nearly all of it. */
export function commandOn(
  { command, shareFlag, vramReserveBytes }: LaunchPlan,
  card: GpuReading | undefined,
): string[] {
  if (shareFlag === undefined) return [...command]
  const share = card ? Math.min(1, (vramReserveBytes - UNSEEN_BYTES) / card.totalBytes) : 0
  const rounded = Math.floor(share * 10 ** SHARE_DIGITS) / 10 ** SHARE_DIGITS
  return [...command, shareFlag, String(Math.max(MIN_SHARE, rounded))]
}
