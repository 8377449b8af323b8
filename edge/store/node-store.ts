// Which GPU nodes may dial in: each has a token of its own, kept and compared like a caller's key. What a node is doing
// now is the fleet room's to know.
import { and, desc, eq, isNull } from 'drizzle-orm'
import { node } from '#edge/store/schema/nodes.ts'
import { newId, type NodeId } from '#shared/ids.ts'
import { newSecret, sameSecret, sha256Hex } from '#shared/token.ts'
import type { EdgeDatabase } from './database.ts'

export interface NodeStore {
  /** The node whose token this is. Compared by hash, in constant time. */
  nodeByToken(token: string): Promise<{ nodeId: NodeId; name: string } | undefined>
  addNode(node: { name: string; now: number }): Promise<{ nodeId: NodeId; token: string }>
  listNodes(): Promise<Array<{ nodeId: NodeId; name: string; createdAt: number; revokedAt: number | null }>>
  revokeNode(nodeId: NodeId, now: number): Promise<boolean>
}

const TOKEN_PREFIX = 'nt_'

export function createNodeStore(db: EdgeDatabase): NodeStore {
  return {
    async nodeByToken(token) {
      const tokenHash = await sha256Hex(token)
      const [row] = await db
        .select()
        .from(node)
        .where(and(eq(node.tokenHash, tokenHash), isNull(node.revokedAt)))
      if (!row || !(await sameSecret(row.tokenHash, tokenHash))) return undefined
      return { nodeId: row.id, name: row.name }
    },

    async addNode({ name, now }) {
      const token = newSecret(TOKEN_PREFIX)
      const nodeId = newId('node', now)
      await db.insert(node).values({ id: nodeId, name, tokenHash: await sha256Hex(token), createdAt: now })
      return { nodeId, token }
    },

    listNodes() {
      const { id: nodeId, name, createdAt, revokedAt } = node
      return db.select({ nodeId, name, createdAt, revokedAt }).from(node).orderBy(desc(createdAt))
    },

    async revokeNode(nodeId, now) {
      const revoked = await db
        .update(node)
        .set({ revokedAt: now })
        .where(and(eq(node.id, nodeId), isNull(node.revokedAt)))
      return revoked.rowsAffected > 0
    },
  }
}
