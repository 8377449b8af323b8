// The full-text index of turns: written together with each turn, searched by owner and words. Used by the stores beside
// it.
import { and, eq, inArray, sql, type SQL } from 'drizzle-orm'
import { session } from '#edge/store/schema/conversations.ts'
import { turn, turnSearchRow } from '#edge/store/schema/turns.ts'
import type { ConversationId, TurnId, UserId } from '#shared/ids.ts'
import type { Owner } from '#shared/model/caller.ts'
import type { EdgeDatabase } from './database.ts'
import type { Slot } from './prepared.ts'
import { beginning, excerpt, isShort, matchExpression, searchWords } from './search-text.ts'

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
 * Ranking costs about 15 µs per found turn on a slow machine. Words that are in more turns than this tell little about
 * any of them.
 */
const MAX_RANKED = 2_000

/** Best first. For a query that is too short, or found too often, to be ranked: newest first. */
export async function searchTurns(
  db: EdgeDatabase,
  owner: Owner,
  { query, limit }: { query: string; limit: number },
): Promise<TurnHit[]> {
  const found = foundRows(owner, query)
  if (!found) return []
  const [counted] = await db.all<{ turns: number }>(
    sql`select count(*) as turns from (select 1 from turn_search where ${found} limit ${MAX_RANKED + 1})`,
  )
  const isRanked = !isShort(query) && (counted?.turns ?? 0) <= MAX_RANKED
  const order = isRanked ? sql`turn_search.rank` : sql`turn_search.rowid desc`
  const ids = await db.all<{ id: number }>(
    sql`select rowid as id from turn_search where ${found} order by ${order} limit ${limit}`,
  )
  const rows = await db
    .select({ row: turnSearchRow.id, turn })
    .from(turnSearchRow)
    .innerJoin(turn, eq(turn.id, turnSearchRow.turnId))
    .where(
      inArray(
        turnSearchRow.id,
        ids.map(({ id }) => id),
      ),
    )
  const byRow = new Map(rows.map((one) => [one.row, one.turn]))
  return ids.flatMap(({ id }) => hitIn(byRow.get(id), query))
}

/** Shows the utterance if a term is in it, else the reply. */
function hitIn(row: typeof turn.$inferSelect | undefined, query: string): TurnHit[] {
  if (!row) return []
  const { conversationId, id: turnId, turn: ordinal, startedAt } = row
  const at = { conversationId, turnId, turn: ordinal, startedAt }
  const utterance = excerpt(row.correctedText ?? row.utteranceText, query)
  if (utterance) return [{ ...at, part: 'utterance', ...utterance }]
  const reply = excerpt(row.replyText, query)
  if (reply) return [{ ...at, part: 'reply', ...reply }]
  // The index folds more than excerpt() does. Then the beginning of the utterance is shown.
  return [{ ...at, part: 'utterance', text: beginning(row.correctedText ?? row.utteranceText), hits: [] }]
}
