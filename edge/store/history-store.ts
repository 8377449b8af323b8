// What a user said and heard, read for GET /api/conversations. A conversation of another user is as if it were not there.
// The number of turns and the title are read from the turns: they have no second owner.
import { and, count, desc, eq, lt, sql } from 'drizzle-orm'
import type { HistoryStore } from '#edge/ports.ts'
import type { ConversationSummary } from '#shared/model/conversation.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import type { EdgeDatabase } from './database.ts'
import { conversation, turn } from './schema.ts'

/** Turns in one answer, the newest: an hour of talk has some 500. */
export const MAX_TURNS_READ = 1_000
/** A title is for a line of a list. */
const TITLE_CHARS = 80

export function createHistoryStore(db: EdgeDatabase): HistoryStore {
  return {
    async listConversations(userId, { limit, before }) {
      const older = before === undefined ? undefined : lt(conversation.updatedAt, before)
      const rows = await summaries(db)
        .where(and(eq(conversation.userId, userId), older))
        .orderBy(desc(conversation.updatedAt), desc(conversation.id))
        .limit(limit)
      return rows.map(titled)
    },

    async conversation(userId, id) {
      const [found, newest] = await db.batch([
        summaries(db).where(and(eq(conversation.id, id), eq(conversation.userId, userId))),
        db
          .select()
          .from(turn)
          .where(eq(turn.conversationId, id))
          .orderBy(desc(turn.startedAt), desc(turn.turn))
          .limit(MAX_TURNS_READ),
      ])
      const [row] = found
      return row && { ...titled(row), turns: newest.toReversed().map(recordOf) }
    },
  }
}

function summaries(db: EdgeDatabase) {
  const turns = db.select({ turns: count() }).from(turn).where(eq(turn.conversationId, conversation.id))
  const first = db
    .select({ text: sql<string>`coalesce(${turn.correctedText}, ${turn.utteranceText})` })
    .from(turn)
    .where(eq(turn.conversationId, conversation.id))
    .orderBy(turn.startedAt, turn.turn)
    .limit(1)
  return db
    .select({
      id: conversation.id,
      personaId: conversation.personaId,
      createdAt: conversation.createdAt,
      updatedAt: conversation.updatedAt,
      turnCount: sql<number>`${turns}`,
      title: sql<string>`coalesce(${first}, '')`,
    })
    .from(conversation)
    .$dynamic()
}

function titled(summary: ConversationSummary): ConversationSummary {
  const chars = [...summary.title]
  return {
    ...summary,
    title: chars.length > TITLE_CHARS ? `${chars.slice(0, TITLE_CHARS - 1).join('')}…` : summary.title,
  }
}

function recordOf(row: typeof turn.$inferSelect): TurnRecord {
  const { promptTokens, completionTokens, inputAudioMs, outputAudioMs, faultCode, fallbacks, ...rest } = row
  const { conversationId: _c, sessionId: _s, storedAt: _t, ...said } = rest
  const usage = { promptTokens, completionTokens, inputAudioMs, outputAudioMs }
  return {
    ...said,
    ...(fallbacks === null ? {} : { fallbacks }),
    usage,
    ...(faultCode === null ? {} : { faultCode }),
  }
}
