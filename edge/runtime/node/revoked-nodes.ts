// Turns away nodes whose token was revoked while they were connected: the command line revokes in the database, beside a
// running edge. Such a node would go on accepting offers, and could dial for none of them. Used by start-edge.ts.
import type { Fleet, Store } from '#edge/ports.ts'
import type { Clock } from '#shared/clock.ts'
import type { NodeId } from '#shared/ids.ts'
import type { Log } from '#shared/log.ts'

/** How long a revoked node may still be offered sessions. */
export const LOOK_EVERY_MS = 3_000

export interface RevokedNodesPorts {
  clock: Clock
  log: Log
  store: { nodes: Pick<Store['nodes'], 'listNodes'> }
  fleet: Pick<Fleet, 'nodes'> & { turnAway(nodeId: NodeId): void }
}

/** Returns how to stop. */
export function watchRevokedNodes({ clock, log, store, fleet }: RevokedNodesPorts): () => void {
  let isLooking = false

  async function look(): Promise<void> {
    const here = await fleet.nodes()
    if (here.length === 0) return
    const known = await store.nodes.listNodes()
    const valid = new Set(known.flatMap(({ nodeId, revokedAt }) => (revokedAt === null ? [nodeId] : [])))
    for (const { nodeId } of here) {
      if (valid.has(nodeId)) continue
      log.warn({ nodeId }, 'turns a revoked node away')
      fleet.turnAway(nodeId)
    }
  }

  return clock.every(LOOK_EVERY_MS, () => {
    // A database that is slower than this is asked again when it has answered.
    if (isLooking) return
    isLooking = true
    look()
      .catch((error: unknown) => log.warn({ error }, 'cannot see which nodes are revoked'))
      .finally(() => {
        isLooking = false
      })
  })
}
