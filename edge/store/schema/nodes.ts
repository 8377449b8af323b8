// The table of GPU nodes that may dial in. What a node does now is known to the fleet room only.
// drizzle-kit loads this file, so it imports only types and the tables it refers to. Times are epoch milliseconds.
import { integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { NodeId } from '#shared/ids.ts'

export const node = sqliteTable(
  'node',
  {
    id: text('id').$type<NodeId>().primaryKey(),
    name: text('name').notNull(),
    tokenHash: text('token_hash').notNull(),
    createdAt: integer('created_at').notNull(),
    revokedAt: integer('revoked_at'),
  },
  (table) => [uniqueIndex('node_token_hash').on(table.tokenHash)],
)
