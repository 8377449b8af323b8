// The full-text index of turns: written together with each turn, searched by owner and words. Used by the stores beside
// it.
import { and, desc, eq, sql, type SQL } from 'drizzle-orm'
import { session } from '#edge/store/schema/conversations.ts'
import { turn, turnSearchRow } from '#edge/store/schema/turns.ts'
import type { ConversationId, TurnId, UserId } from '#shared/ids.ts'
import type { Owner } from '#shared/model/caller.ts'
import type { EdgeDatabase } from './database.ts'
import type { Slot } from './prepared.ts'
import { beginning, excerpt, isShort, matchExpression, relevance, searchWords } from './search-text.ts'

/** A turn in which the words of a query were found. */
export interface TurnHit {
  conversationId: ConversationId
  turnId: TurnId
  turn: number
  startedAt: number
  part: 'utterance' | 'reply'
  /** The text around the first place. */
  text: string
  /** Where in `text` the words are: UTF-16 offsets. */
  hits: Array<[start: number, end: number]>
}

interface Said {
  utteranceText: string
  correctedText: string | null
  replyText: string
}

/** The words by which a turn is found. */
export const wordsOf = ({ utteranceText, correctedText, replyText }: Said): string =>
  searchWords(`${correctedText ?? utteranceText} ${replyText}`)

/** The user's own word in the index: only letters and digits, and different for each user. */
export const ownerTerm = (userId: UserId): string => userId.replaceAll('z', 'z0').replaceAll('_', 'z1')
const OWNER_SQL = sql`replace(replace(${session.userId}, 'z', 'z0'), '_', 'z1')`

/** The values themselves, or their places. */
type Indexed = Record<'id' | 'utteranceText' | 'replyText' | 'words', string | Slot> & {
  correctedText: string | null | Slot
}

/**
 * Statements for a batch, to come after the one that stores the turn. They do nothing where the stored turn has other
 * words than these.
 */
export function indexTurn(db: EdgeDatabase, said: Indexed) {
  const { id, utteranceText, correctedText, replyText, words } = said
  const isAsSaid = and(
    sql`${turn.id} = ${id}`,
    sql`${turn.utteranceText} = ${utteranceText}`,
    sql`${turn.replyText} = ${replyText}`,
    sql`${turn.correctedText} is ${correctedText}`,
  )
  return {
    searchRow: db
      .insert(turnSearchRow)
      .select(sql`select null, ${turn.id} from ${turn} where ${isAsSaid}`)
      .onConflictDoNothing(),
    searchWords: db.run(sql`insert or replace into turn_search (rowid, owner, words)
      select ${turnSearchRow.id}, ${OWNER_SQL}, ${words} from ${turn}
      join ${turnSearchRow} on ${turnSearchRow.turnId} = ${turn.id}
      join ${session} on ${session.id} = ${turn.sessionId} where ${isAsSaid}`),
  }
}

/**
 * Statements that remove turns from the index, before their rows are deleted. `which` selects them by the columns of
 * `turn`.
 */
export function forgetWords(db: EdgeDatabase, which: SQL | undefined) {
  const rows = sql`select ${turnSearchRow.id} from ${turnSearchRow}
    join ${turn} on ${turn.id} = ${turnSearchRow.turnId} where ${which}`
  return {
    noWords: db.run(sql`delete from turn_search where rowid in (${rows})`),
    noRows: db
      .delete(turnSearchRow)
      .where(sql`${turnSearchRow.turnId} in (select ${turn.id} from ${turn} where ${which})`),
  }
}

/** The condition that selects the index rows of a query; undefined where there is nothing to look for. */
export function foundRows(owner: Owner, query: string): SQL | undefined {
  const expression = matchExpression(query, owner === 'everybody' ? undefined : ownerTerm(owner))
  return expression === undefined ? undefined : sql`turn_search match ${expression}`
}

/**
 * The newest hits that are ranked. FTS5's own rank reads every turn of the database that has one of the words, 20 ms among a million
 * turns; and words that are in more of one user's turns than this tell little about any of them.
 */
const MAX_RANKED = 200

/** Best first; for a query that is too short to rank by, newest first. */
export async function searchTurns(
  db: EdgeDatabase,
  owner: Owner,
  { query, limit }: { query: string; limit: number },
): Promise<TurnHit[]> {
  const found = foundRows(owner, query)
  if (!found) return []
  const newest = sql`select rowid from turn_search where ${found} order by rowid desc
    limit ${isShort(query) ? limit : Math.max(limit, MAX_RANKED)}`
  const rows = await db
    .select({ turn })
    .from(turnSearchRow)
    .innerJoin(turn, eq(turn.id, turnSearchRow.turnId))
    .where(sql`${turnSearchRow.id} in (${newest})`)
    .orderBy(desc(turnSearchRow.id))
  const turns = rows.map((row) => row.turn)
  const ordered = isShort(query) ? turns : ranked(turns, query)
  return ordered.slice(0, limit).map((row) => hitIn(row, query))
}

/** Where two are as good, the order stays. */
function ranked(turns: Row[], query: string): Row[] {
  const texts = turns.map((row) => `${row.correctedText ?? row.utteranceText} ${row.replyText}`)
  const scores = relevance(query, texts)
  const scored = turns.map((row, at) => ({ row, score: scores[at] ?? 0 }))
  return scored.toSorted((a, b) => b.score - a.score).map(({ row }) => row)
}

type Row = typeof turn.$inferSelect

/** Shows the utterance if a term is in it, else the reply. */
function hitIn(row: Row, query: string): TurnHit {
  const { conversationId, id: turnId, turn: ordinal, startedAt } = row
  const at = { conversationId, turnId, turn: ordinal, startedAt }
  const utterance = excerpt(row.correctedText ?? row.utteranceText, query)
  if (utterance) return { ...at, part: 'utterance', ...utterance }
  const reply = excerpt(row.replyText, query)
  if (reply) return { ...at, part: 'reply', ...reply }
  // The index folds more than excerpt() does. Then the beginning of the utterance is shown.
  return { ...at, part: 'utterance', text: beginning(row.correctedText ?? row.utteranceText), hits: [] }
}
