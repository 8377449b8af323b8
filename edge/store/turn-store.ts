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
import { type EdgeDatabase, excluded, inOrder, runBatch } from './database.ts'
import { driverValues, prepareBatch, type Slot } from './prepared.ts'
import { costMicrosOf } from './prices.ts'
import { countForSession, holdFor, standingIn } from './quota-store.ts'
import type { Metering, QuotaStanding } from './quotas.ts'
import { indexTurn, wordsOf } from './turn-search.ts'

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
  const store = prepareBatch(db, (slot: (name: keyof FinishedValues) => Slot) => finishing(db, slot, metering))
  return {
    async storeTurn(delivered) {
      const { conversationId, record, now } = delivered
      const { found, counted } = await store(
        valuesIn({ ...delivered, costMicros: costMicrosOf(record, metering.prices) }),
      )
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
      await runBatch(db, indexTurn(db, { ...said, words: wordsOf(said) }))
    },
  }
}

// --- a finished turn ---

type SlotOf = (name: keyof FinishedValues) => Slot

/** The statements that store a turn, in their order. */
function finishing(db: EdgeDatabase, slot: SlotOf, metering: Metering) {
  const stored = and(
    eq(turn.id, slot('id')),
    eq(turn.sessionId, slot('sessionId')),
    eq(turn.conversationId, slot('conversationId')),
  )
  const correctedText = slot('correctedText')
  return {
    // Before the turn itself: only the difference to what is already stored is counted.
    usage: addUsage(db, slot),
    turn: putTurn(db, slot),
    correction: db
      .update(turn)
      .set({ correctedText: sql`${correctedText}` })
      .where(and(stored, isNotNull(sql`${correctedText}`))),
    touched: touch(db, slot('conversationId'), { now: slot('storedAt'), stored }),
    found: db.select({ id: turn.id }).from(turn).where(stored),
    ...indexTurn(db, {
      id: slot('id'),
      utteranceText: slot('utteranceText'),
      correctedText,
      replyText: slot('replyText'),
      words: slot('words'),
    }),
    held: holdFor(db, isOwn(slot), {
      tokens: slot('tokens'),
      audioMs: slot('audioMs'),
      costMicros: slot('costMicros'),
      day: slot('day'),
    }),
    counted: countForSession(db, slot('sessionId'), metering),
    audio: keepAudio(db, {
      turnId: slot('id'),
      sessionId: slot('sessionId'),
      conversationId: slot('conversationId'),
      utterance: slot('utterance'),
      reply: slot('reply'),
    }),
  }
}

/** What the statements are filled in with: the turn's row, and what is reckoned from it. */
type FinishedValues = ReturnType<typeof valuesIn>

function valuesIn({ sessionId, conversationId, record, costMicros, now }: FinishedTurn) {
  const { usage: used, audio, ...said } = record
  const nullable = {
    faultCode: record.faultCode ?? null,
    fallbacks: record.fallbacks ?? null,
    safety: record.safety ?? null,
  }
  const row = { ...said, ...used, ...nullable, costMicros, sessionId, conversationId, storedAt: now }
  return {
    ...driverValues(turn, row),
    day: dayOf(record.startedAt),
    tokens: used.promptTokens + used.completionTokens,
    audioMs: used.inputAudioMs + used.outputAudioMs,
    words: wordsOf(record),
    utterance: audio?.utterance ?? null,
    reply: audio?.reply ?? null,
    // A node's record names engines; the room's own cut record (turn-log.ts) names none, and no usage.
    isComplete: record.status === 'complete' ? 1 : 0,
    isNodes: Object.keys(record.engines).length > 0 ? 1 : 0,
  }
}

/** Marks the conversation as changed now, if the turn is stored. */
function touch(
  db: EdgeDatabase,
  id: ConversationId | Slot,
  { now, stored }: { now: number | Slot; stored: SQL | undefined },
) {
  return db
    .update(conversation)
    .set({ updatedAt: sql`max(${conversation.updatedAt}, ${now})` })
    .where(and(eq(conversation.id, id), sql`exists (select 1 from ${turn} where ${stored})`))
}

/** The session must belong to the conversation: both ids come from a node. */
function isOwn(slot: SlotOf): SQL | undefined {
  return and(eq(session.id, slot('sessionId')), eq(session.conversationId, slot('conversationId')))
}

/** Whether the stored turn may be replaced: a cut one by a complete one, and the room's own cut record by a node's. */
function replaces(slot: SlotOf): SQL {
  return sql`${turn.status} = 'cut' and (${slot('isComplete')} or (${slot('isNodes')} and ${turn.engines} = '{}'))`
}

function addUsage(db: EdgeDatabase, slot: SlotOf) {
  const more = (now: Slot, before: { name: string }): SQL => sql`${now} - coalesce(${before}, 0)`
  const added = (column: { name: string }): SQL => sql`${column} + ${excluded(column)}`
  return db
    .insert(usage)
    .select(
      sql`select ${session.userId}, ${slot('day')}, ${turn.id} is null,
        ${more(slot('promptTokens'), turn.promptTokens)}, ${more(slot('completionTokens'), turn.completionTokens)},
        ${more(slot('inputAudioMs'), turn.inputAudioMs)}, ${more(slot('outputAudioMs'), turn.outputAudioMs)},
        ${more(slot('costMicros'), turn.costMicros)}
      from ${session} left join ${turn} on ${turn.id} = ${slot('id')}
      where ${isOwn(slot)}
        and (${turn.id} is null or (${turn.sessionId} = ${session.id} and ${replaces(slot)}))`,
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
function freeNumber(conversationId: Slot, number: Slot): SQL {
  const taken = sql`select 1 from ${turn} where ${turn.conversationId} = ${conversationId} and ${turn.turn} = ${number}`
  const next = sql`select max(${turn.turn}) + 1 from ${turn} where ${turn.conversationId} = ${conversationId}`
  return sql`case when exists (${taken}) then (${next}) else ${number} end`
}

function putTurn(db: EdgeDatabase, slot: SlotOf) {
  const number = freeNumber(slot('conversationId'), slot('turn'))
  const values = inOrder(turn, (name) => (name === 'turn' ? number : sql`${slot(name as keyof FinishedValues)}`))
  return db
    .insert(turn)
    .select(sql`select ${values} from ${session} where ${isOwn(slot)}`)
    .onConflictDoUpdate({
      target: turn.id,
      set: replacement,
      setWhere: sql`${turn.sessionId} = ${excluded(turn.sessionId)} and ${replaces(slot)}`,
    })
}
