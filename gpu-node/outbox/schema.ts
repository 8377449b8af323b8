// The node's own tables, in DATA_DIR/node.db. After a change:
// drizzle-kit generate --dialect sqlite --schema 'gpu-node/*/schema.ts' --out migrations/node
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** Finished turns that the edge has not stored yet. */
export const outbox = sqliteTable('outbox', {
  /** Oldest first. AUTOINCREMENT, so that a number is never given twice. */
  position: integer().primaryKey({ autoIncrement: true }),
  turnId: text('turn_id').notNull().unique(),
  /** Raised when the turn is written again, by a correction: only what was sent last is deleted. */
  revision: integer().notNull(),
  /** A FinishedTurn as JSON. */
  body: text().notNull(),
  keptAt: integer('kept_at').notNull(),
})
