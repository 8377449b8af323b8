// Finished turns and their usage. A turn is stored once by its id, however often it is delivered. Called by the fleet
// room (turns from a node's outbox) and by the session room (cut turns, and corrections of earlier ones). Knows no
// link.
import { and, eq, getTableColumns, isNotNull, sql, type SQL } from 'drizzle-orm'
import { conversation, session } from '#edge/store/schema/conversations.ts'
import { turn } from '#edge/store/schema/turns.ts'
import { usage } from '#edge/store/schema/usage.ts'
import { dayOf } from '#shared/day.ts'
import { notFound } from '#shared/fault.ts'
import type { ConversationId, SessionId, TurnId } from '#shared/ids.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import { keepAudio } from './audio-store.ts'
import { type EdgeDatabase, excluded, runBatch, valuesOf } from './database.ts'
import { costMicrosOf } from './prices.ts'
import { countForSession, holdFor, standingIn } from './quota-store.ts'
import type { Metering, QuotaStanding } from './quotas.ts'
import { indexTurn } from './turn-search.ts'

/** Finished turns from the nodes, and cut turns that only the session room knows. */
export interface TurnStore {
  /**
   * Stores a finished turn and its usage in one batch, once by turn id. A stored turn changes only from cut to
   * complete, and by a correctedText. Throws not_found when the conversation does not exist or is another session's.
   * Returns what is left for the session; undefined where the session is over and the turn is only counted.
   */
  storeTurn(turn: {
    sessionId: SessionId
    conversationId: ConversationId
    record: TurnRecord
    now: number
  }): Promise<QuotaStanding | undefined>
  /** Corrects the utterance of a stored turn. Throws not_found where the conversation has no such turn. */
  correctTurn(at: { conversationId: ConversationId; turnId: TurnId }, correctedText: string, now: number): Promise<void>
}

/** `costMicros`: by the prices at this moment. */
type FinishedTurn = Parameters<TurnStore['storeTurn']>[0] & { costMicros: number }

export function createTurnStore(db: EdgeDatabase, metering: Metering): TurnStore {
  return {
    async storeTurn(delivered) {
      const { sessionId, conversationId, record, now } = delivered
      const finished = { ...delivered, costMicros: costMicrosOf(record, metering.prices) }
      const stored = and(eq(turn.id, record.id), eq(turn.sessionId, sessionId), eq(turn.conversationId, conversationId))
      const { found, counted } = await runBatch(db, {
        // Before the turn itself: only the difference to what is already stored is counted.
        usage: addUsage(db, finished),
        turn: putTurn(db, finished),
        correction: db
          .update(turn)
          .set({ correctedText: record.correctedText })
          .where(and(stored, isNotNull(sql`${record.correctedText}`))),
        touched: touch(db, conversationId, { now, stored }),
        found: db.select({ id: turn.id }).from(turn).where(stored),
        ...indexTurn(db, record),
        held: holdFor(db, isOwn(finished), spentIn(finished)),
        counted: countForSession(db, sessionId, metering),
        audio: keepAudio(db, finished),
      })
      if (found.length === 0) throw notFound('conversation', conversationId)
      return standingIn(counted, now)
    },

    async correctTurn({ conversationId, turnId }, correctedText, now) {
      const stored = and(eq(turn.id, turnId), eq(turn.conversationId, conversationId))
      const { corrected } = await runBatch(db, {
        corrected: db.update(turn).set({ correctedText }).where(stored).returning(),
        touched: touch(db, conversationId, { now, stored }),
      })
      const [said] = corrected
      if (!said) throw notFound('turn', turnId)
      await runBatch(db, indexTurn(db, said))
    },
  }
}

/** Marks the conversation as changed now, if the turn is stored. */
function touch(db: EdgeDatabase, id: ConversationId, { now, stored }: { now: number; stored: SQL | undefined }) {
  return db
    .update(conversation)
    .set({ updatedAt: sql`max(${conversation.updatedAt}, ${now})` })
    .where(and(eq(conversation.id, id), sql`exists (select 1 from ${turn} where ${stored})`))
}

/** The session must belong to the conversation: both ids come from a node. */
function isOwn({ sessionId, conversationId }: FinishedTurn): SQL | undefined {
  return and(eq(session.id, sessionId), eq(session.conversationId, conversationId))
}

function spentIn({ record, costMicros }: FinishedTurn): Parameters<typeof holdFor>[2] {
  const { promptTokens, completionTokens, inputAudioMs, outputAudioMs } = record.usage
  const day = dayOf(record.startedAt)
  return { tokens: promptTokens + completionTokens, audioMs: inputAudioMs + outputAudioMs, costMicros, day }
}

/**
 * Whether the stored turn may be replaced. A complete turn replaces a cut one. A node's record replaces the room's own
 * cut record (turn-log.ts), which names no engine and no usage. Nothing else is ever replaced.
 */
function replaces({ status, engines }: TurnRecord): SQL {
  if (status === 'complete') return sql`${turn.status} = 'cut'`
  const isNodes = Object.keys(engines).length > 0
  return isNodes ? sql`${turn.status} = 'cut' and ${turn.engines} = '{}'` : sql`false`
}

function addUsage(db: EdgeDatabase, finished: FinishedTurn) {
  const { record, costMicros } = finished
  const day = dayOf(record.startedAt)
  const { promptTokens, completionTokens, inputAudioMs, outputAudioMs } = record.usage
  const more = (now: number, before: { name: string }): SQL => sql`${now} - coalesce(${before}, 0)`
  const added = (column: { name: string }): SQL => sql`${column} + ${excluded(column)}`
  return db
    .insert(usage)
    .select(
      sql`select ${session.userId}, ${day}, ${turn.id} is null,
        ${more(promptTokens, turn.promptTokens)}, ${more(completionTokens, turn.completionTokens)},
        ${more(inputAudioMs, turn.inputAudioMs)}, ${more(outputAudioMs, turn.outputAudioMs)},
        ${more(costMicros, turn.costMicros)}
      from ${session} left join ${turn} on ${turn.id} = ${record.id}
      where ${isOwn(finished)}
        and (${turn.id} is null or (${turn.sessionId} = ${session.id} and ${replaces(record)}))`,
    )
    .onConflictDoUpdate({
      target: [usage.userId, usage.day],
      set: {
        turns: added(usage.turns),
        promptTokens: added(usage.promptTokens),
        completionTokens: added(usage.completionTokens),
        inputAudioMs: added(usage.inputAudioMs),
        outputAudioMs: added(usage.outputAudioMs),
        costMicros: added(usage.costMicros),
      },
    })
}

/** Not replaced: whose turn it is, its number, and the caller's correction. */
const KEPT = new Set(['id', 'conversationId', 'sessionId', 'turn', 'correctedText'])
const replacement: Record<string, SQL> = Object.fromEntries(
  Object.entries(getTableColumns(turn))
    .filter(([name]) => !KEPT.has(name))
    .map(([name, column]) => [name, excluded(column)]),
)

/**
 * The number that the turn came with. Where it is taken, the next free one: the turn was delivered late, and its
 * session could not write down how far it had counted.
 */
function freeNumber(conversationId: ConversationId, number: number): SQL {
  const taken = sql`select 1 from ${turn} where ${turn.conversationId} = ${conversationId} and ${turn.turn} = ${number}`
  const next = sql`select max(${turn.turn}) + 1 from ${turn} where ${turn.conversationId} = ${conversationId}`
  return sql`case when exists (${taken}) then (${next}) else ${number} end`
}

function putTurn(db: EdgeDatabase, finished: FinishedTurn) {
  const { sessionId, conversationId, record, costMicros, now } = finished
  const { usage: used, audio: _, ...said } = record
  const nullable = {
    faultCode: record.faultCode ?? null,
    fallbacks: record.fallbacks ?? null,
    safety: record.safety ?? null,
  }
  const row = { ...said, ...used, ...nullable, costMicros, sessionId, conversationId, storedAt: now }
  return db
    .insert(turn)
    .select(
      sql`select ${valuesOf(turn, row, { turn: freeNumber(conversationId, record.turn) })} from ${session} where ${isOwn(finished)}`,
    )
    .onConflictDoUpdate({
      target: turn.id,
      set: replacement,
      setWhere: sql`${turn.sessionId} = ${excluded(turn.sessionId)} and ${replaces(record)}`,
    })
}
