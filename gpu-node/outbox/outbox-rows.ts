// The outbox table: keep, read oldest first, drop. Used by Outbox alone. Single statements only; knows no wire.
import { fileURLToPath } from 'node:url'
import type { Client } from '@libsql/client'
import { and, asc, count, eq, inArray, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/libsql'
import { migrate } from 'drizzle-orm/libsql/migrator'
import type { TurnAudio } from '#shared/model/turn-audio.ts'
import { outbox } from './schema.ts'

/**
 * Turns kept while the edge is away: a week of one busy caller, about 20 MB. Over it the oldest is cut, and said.
 * A disk that fills up would lose the newest turns instead, and the node with them.
 */
export const MAX_ROWS = 10_000

const MIGRATIONS = fileURLToPath(new URL('../../migrations/node', import.meta.url))

export interface OutboxRow {
  turnId: string
  revision: number
  body: string
}

export interface OutboxRows {
  /** Keeps a turn, or replaces what is kept of it. Returns the ids of older turns that were cut to stay within the bound. */
  keep(row: { turnId: string; body: string; now: number }): Promise<string[]>
  /** Adds the sound to a turn that is kept, once and whatever its words are by now. False where the turn is not there. */
  addAudio(turnId: string, audio: TurnAudio): Promise<boolean>
  oldest(limit: number): Promise<OutboxRow[]>
  /** Drops the turn if it is still at this revision. */
  drop(turnId: string, revision: number): Promise<void>
  count(): Promise<number>
}

export async function openOutboxRows(client: Client, maxRows = MAX_ROWS): Promise<OutboxRows> {
  const db = drizzle(client)
  await migrate(db, { migrationsFolder: MIGRATIONS })
  const length = async (): Promise<number> => (await db.select({ rows: count() }).from(outbox))[0]?.rows ?? 0

  async function cutOldest(excess: number): Promise<string[]> {
    const oldest = db.select({ position: outbox.position }).from(outbox).orderBy(asc(outbox.position)).limit(excess)
    const cut = await db.delete(outbox).where(inArray(outbox.position, oldest)).returning({ turnId: outbox.turnId })
    return cut.map(({ turnId }) => turnId)
  }

  return {
    keep: async ({ turnId, body, now }) => {
      await db
        .insert(outbox)
        .values({ turnId, revision: 1, body, keptAt: now })
        .onConflictDoUpdate({ target: outbox.turnId, set: { body, revision: sql`${outbox.revision} + 1` } })
      const excess = (await length()) - maxRows
      return excess > 0 ? cutOldest(excess) : []
    },
    addAudio: async (turnId, audio) => {
      const { rowsAffected } = await db
        .update(outbox)
        .set({
          body: sql`json_set(${outbox.body}, '$.turn.audio', json(${JSON.stringify(audio)}))`,
          revision: sql`${outbox.revision} + 1`,
        })
        .where(eq(outbox.turnId, turnId))
      return rowsAffected > 0
    },
    oldest: (limit) =>
      db
        .select({ turnId: outbox.turnId, revision: outbox.revision, body: outbox.body })
        .from(outbox)
        .orderBy(asc(outbox.position))
        .limit(limit),
    drop: async (turnId, revision) => {
      await db.delete(outbox).where(and(eq(outbox.turnId, turnId), eq(outbox.revision, revision)))
    },
    count: length,
  }
}
