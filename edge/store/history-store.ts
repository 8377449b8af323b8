// What a user said and heard, read for GET /api/conversations. A conversation of another user is as if it were not
// there. The number of turns and the title are read from the turns; no other table holds them.
import { and, count, desc, eq, gte, isNull, lt, not, sql, type SQL } from 'drizzle-orm'
import { conversation } from '#edge/store/schema/conversations.ts'
import { turn, turnAudio, turnSearchRow } from '#edge/store/schema/turns.ts'
import type { ConversationId, PersonaId } from '#shared/ids.ts'
import type { Owner } from '#shared/model/caller.ts'
import type { Conversation, ConversationSummary } from '#shared/model/conversation.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import { audioOf } from './audio-store.ts'
import { runBatch, type EdgeDatabase } from './database.ts'
import { type DayStats, dayStats } from './stats.ts'
import { foundRows, indexTurn, searchTurns, type TurnHit, wordsOf } from './turn-search.ts'

/** One page of a list, the newest first. */
export interface ConversationQuery {
  limit: number
  /** The last conversation of the page before. */
  before?: { updatedAt: number; id: ConversationId } | undefined
  personaId?: PersonaId | undefined
  /** True: only those with kept sound. */
  hasAudio?: boolean | undefined
  /** Changed at `from` or later, and before `to`. */
  from?: number | undefined
  to?: number | undefined
  /** Words that were said in it. */
  text?: string | undefined
}

/** Read by GET /api/conversations and its like. A conversation of another user is as if it were not there. */
export interface HistoryStore {
  listConversations(owner: Owner, query: ConversationQuery): Promise<ConversationSummary[]>
  /** With its newest turns, oldest first; `before` gives the turns that came earlier. */
  conversation(
    owner: Owner,
    id: ConversationId,
    page?: { limit: number; before?: { startedAt: number; turn: number } | undefined },
  ): Promise<Conversation | undefined>
  /** Best first; for a query too short to rank by, newest first. */
  search(owner: Owner, query: string, limit: number): Promise<TurnHit[]>
  /** Days with turns, newest first; `from` and `to` are both included. */
  stats(owner: Owner, days: { from: string; to: string }): Promise<DayStats[]>
  /** Indexes turns that were stored before there was a search, at most `limit`; returns how many. */
  indexOlder(limit: number): Promise<number>
}

/** The newest turns in one answer; an hour of talk has about 500. */
export const MAX_TURNS_READ = 1_000
/** A title is for a line of a list. */
const TITLE_CHARS = 80

export function createHistoryStore(db: EdgeDatabase): HistoryStore {
  return {
    async listConversations(owner, query) {
      const rows = await summaries(db)
        .where(and(isOwners(owner), ...conditions(owner, query)))
        .orderBy(desc(conversation.updatedAt), desc(conversation.id))
        .limit(query.limit)
      return rows.map(titled)
    },

    async conversation(owner, id, { limit, before } = { limit: MAX_TURNS_READ }) {
      const earlier = before && sql`(${turn.startedAt}, ${turn.turn}) < (${before.startedAt}, ${before.turn})`
      const { found, newest } = await runBatch(db, {
        found: summaries(db).where(and(eq(conversation.id, id), isOwners(owner))),
        newest: db
          .select({ turn, audio: turnAudio })
          .from(turn)
          .leftJoin(turnAudio, eq(turnAudio.turnId, turn.id))
          .where(and(eq(turn.conversationId, id), earlier))
          .orderBy(desc(turn.startedAt), desc(turn.turn))
          .limit(limit),
      })
      const [row] = found
      return row && { ...titled(row), turns: newest.toReversed().map((one) => recordOf(one.turn, one.audio)) }
    },

    search: (owner, query, limit) => searchTurns(db, owner, { query, limit }),

    stats: (owner, days) => dayStats(db, owner, days),

    async indexOlder(limit) {
      const rows = await db
        .select({ turn })
        .from(turn)
        .leftJoin(turnSearchRow, eq(turnSearchRow.turnId, turn.id))
        .where(isNull(turnSearchRow.id))
        .orderBy(turn.startedAt)
        .limit(limit)
      for (const row of rows) await runBatch(db, indexTurn(db, { ...row.turn, words: wordsOf(row.turn) }))
      return rows.length
    },
  }
}

const isOwners = (owner: Owner): SQL | undefined => (owner === 'everybody' ? undefined : eq(conversation.userId, owner))

function conditions(
  owner: Owner,
  { before, personaId, from, to, text, hasAudio }: ConversationQuery,
): Array<SQL | undefined> {
  const found = text === undefined ? undefined : foundRows(owner, text)
  return [
    // The pair is a position in the index. Two conditions with `or` would sort all later rows for each page.
    before && sql`(${conversation.updatedAt}, ${conversation.id}) < (${before.updatedAt}, ${before.id})`,
    personaId && eq(conversation.personaId, personaId),
    from === undefined ? undefined : gte(conversation.updatedAt, from),
    to === undefined ? undefined : lt(conversation.updatedAt, to),
    // A query without a letter or a digit finds nothing.
    text !== undefined && !found ? sql`false` : undefined,
    hasAudio === undefined ? undefined : hasAudio ? withAudio : not(withAudio),
    found &&
      sql`${conversation.id} in (select ${turn.conversationId} from turn_search
        join ${turnSearchRow} on ${turnSearchRow.id} = turn_search.rowid
        join ${turn} on ${turn.id} = ${turnSearchRow.turnId} where ${found})`,
  ]
}

const withAudio = sql`${conversation.id} in (select ${turn.conversationId} from ${turnAudio}
  join ${turn} on ${turn.id} = ${turnAudio.turnId})`

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

function recordOf(row: typeof turn.$inferSelect, audio: typeof turnAudio.$inferSelect | null): TurnRecord {
  const { promptTokens, completionTokens, inputAudioMs, outputAudioMs, faultCode, fallbacks, safety, ...rest } = row
  const { conversationId: _c, sessionId: _s, storedAt: _t, costMicros: _m, ...said } = rest
  const usage = { promptTokens, completionTokens, inputAudioMs, outputAudioMs }
  return {
    ...said,
    ...(fallbacks === null ? {} : { fallbacks }),
    ...(safety === null ? {} : { safety }),
    ...(audio && { audio: audioOf(audio) }),
    usage,
    ...(faultCode === null ? {} : { faultCode }),
  }
}
