// When the Node host looks for nodes whose token was revoked and for keys that ended. Used by start-edge.ts.
import { endSessionsOfEndedKeys } from '#edge/fleet/ended-keys.ts'
import { turnRevokedAway, type RevokedNodesPorts } from '#edge/fleet/revoked-nodes.ts'
import type { Sessions } from '#edge/rooms-ports.ts'
import type { Store } from '#edge/store/store.ts'
import type { Clock } from '#shared/clock.ts'

/** A revocation is promised to be everywhere within 5 s: this, and a session's farewell (FAREWELL_MS). */
export const LOOK_EVERY_MS = 2_000

export interface RevocationPorts extends RevokedNodesPorts {
  clock: Clock
  store: RevokedNodesPorts['store'] & { keys: Pick<Store['keys'], 'endedKeys'> }
  sessions: Pick<Sessions, 'count' | 'keysEnded'>
}

/** Returns how to stop. */
export function watchRevocations(ports: RevocationPorts): () => void {
  let isLooking = false
  return ports.clock.every(LOOK_EVERY_MS, () => {
    // A slow database is asked again only once it has answered.
    if (isLooking) return
    isLooking = true
    look(ports)
      .catch((error: unknown) => ports.log.warn({ error }, 'cannot see what was revoked'))
      .finally(() => {
        isLooking = false
      })
  })
}

async function look(ports: RevocationPorts): Promise<void> {
  await turnRevokedAway(ports)
  if ((await ports.sessions.count()) > 0) await endSessionsOfEndedKeys(ports, ports.clock.now())
}
