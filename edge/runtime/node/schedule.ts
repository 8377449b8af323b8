// When the Node host does its upkeep: at the start, and then by a timer. Used by start-edge.ts.
import { upkeep, UPKEEP_EVERY_MS, type UpkeepPorts } from '#edge/upkeep.ts'

/** Gives how to stop: what runs is waited for. */
export function scheduleUpkeep(ports: UpkeepPorts): () => Promise<void> {
  let running: Promise<void> | undefined
  const run = (): void => {
    // A database that is slower than this is asked again when it has answered.
    running ??= upkeep(ports).finally(() => {
      running = undefined
    })
  }
  const stop = ports.clock.every(UPKEEP_EVERY_MS, run)
  run()
  return async () => {
    stop()
    await running
  }
}
