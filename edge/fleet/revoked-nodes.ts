// Turns away nodes whose token was revoked while they were connected: the command line revokes in the database, beside a
// running edge. Such a node would accept offers and then be refused at every dial. Each host says when to look.
import type { Fleet } from '#edge/rooms-ports.ts'
import type { Store } from '#edge/store/store.ts'
import type { NodeId } from '#shared/ids.ts'
import type { Log } from '#shared/log.ts'

export interface RevokedNodesPorts {
  log: Log
  store: { nodes: Pick<Store['nodes'], 'listNodes'> }
  fleet: Pick<Fleet, 'nodes'> & { turnAway(nodeId: NodeId): void }
}

export async function turnRevokedAway({ log, store, fleet }: RevokedNodesPorts): Promise<void> {
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
