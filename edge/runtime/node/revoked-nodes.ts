// When the Node host looks for nodes whose token was revoked. Used by start-edge.ts.
import { turnRevokedAway, type RevokedNodesPorts } from '#edge/fleet/revoked-nodes.ts'
import type { Clock } from '#shared/clock.ts'

/** How long a revoked node may still be offered sessions. */
export const LOOK_EVERY_MS = 3_000

/** Returns how to stop. */
export function watchRevokedNodes({ clock, ...ports }: RevokedNodesPorts & { clock: Clock }): () => void {
  let isLooking = false
  return clock.every(LOOK_EVERY_MS, () => {
    // A database that is slower than this is asked again when it has answered.
    if (isLooking) return
    isLooking = true
    turnRevokedAway(ports)
      .catch((error: unknown) => ports.log.warn({ error }, 'cannot see which nodes are revoked'))
      .finally(() => {
        isLooking = false
      })
  })
}
