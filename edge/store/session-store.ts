// Sessions and the conversations that they continue. One live session a conversation: a unique index holds it, so that it
// is true for any number of edges. Called by the session rooms. Knows no socket and no node.
import { and, count, desc, eq, isNotNull, lt, sql, type SQL } from 'drizzle-orm'
import type { Metering, Quotas, SessionOpening, SessionStore } from '#edge/ports.ts'
import { FaultError, notFound } from '#shared/fault.ts'
import { newId, type ConversationId } from '#shared/ids.ts'
import { dayOf } from '#shared/model/quota.ts'
import type { PastTurn } from '#shared/model/turn.ts'
import { MAX_CONTEXT_BYTES } from '#shared/protocol/limits.ts'
import { valuesOf, type EdgeDatabase } from './database.ts'
import { firstHoldMicros } from './prices.ts'
import { countForOpening, hasQuotaSql } from './quota-store.ts'
import { exhaustedIn, FIRST_HOLD, metersOf, nearIn, quotasOf, type Counted } from './quotas.ts'
import { conversation, persona, session, turn, usage, user } from './schema.ts'

/** A past turn has some 100 characters; more rows than this are never within MAX_CONTEXT_BYTES in practice. */
const MAX_CONTEXT_TURNS = 500

export function createSessionStore(db: EdgeDatabase, metering: Metering): SessionStore {
  return {
    async persona(id) {
      const [row] = await db.select().from(persona).where(eq(persona.id, id))
      if (!row) return undefined
      const { createdAt: _, ...found } = row
      return found
    },

    async openSession(opening) {
      const conversationId = opening.conversationId ?? newId('conversation', opening.now)
      const quotas = quotasOf(metering.quotas, opening.limits)
      const whose = { userId: sql`${opening.userId}`, day: sql`${dayOf(opening.now)}`, self: null }
      const quota = { quotas, hasQuota: hasQuotaSql(whose, quotas), heldCostMicros: firstHoldMicros(metering.prices) }
      const [, , used, opened, newest, counted] = await db.batch([
        // Writes first: a transaction that has read, and then writes, is refused where another wrote in between.
        begin(db, opening, conversationId, quota),
        insertSession(db, opening, conversationId, quota),
        countForOpening(db, whose, quotas),
        db
          .select({ state: session.state })
          .from(session)
          .where(and(eq(session.id, opening.sessionId), eq(session.conversationId, conversationId))),
        newestTurns(db, conversationId),
        db.select({ turns: count() }).from(turn).where(eq(turn.conversationId, conversationId)),
      ])
      if (opened.length === 0) throw await refusal(db, opening, { used, quotas })
      const near = used[0] ? nearIn(metersOf(used[0], quotas)) : []
      return { conversationId, turns: withinContext(newest), turnCount: counted[0]?.turns ?? 0, near }
    },

    async placed({ sessionId, nodeId, epoch, resumeTokenHash, now }) {
      await db
        .update(session)
        .set({ nodeId, epoch, resumeTokenHash, placedAt: now })
        .where(and(eq(session.id, sessionId), eq(session.state, 'live')))
    },

    async ended({ sessionId, reason, now }) {
      await db
        .update(session)
        .set({ state: 'ended', endedAt: now, endReason: reason })
        .where(and(eq(session.id, sessionId), eq(session.state, 'live')))
    },

    async endAllLive(now) {
      const ended = await db
        .update(session)
        .set({ state: 'ended', endedAt: now, endReason: 'shutdown' })
        .where(eq(session.state, 'live'))
      return ended.rowsAffected
    },

    sweep: (sweeping) => sweep(db, sweeping),
  }
}

async function sweep(
  db: EdgeDatabase,
  { openedBefore, now }: Parameters<SessionStore['sweep']>[0],
): ReturnType<SessionStore['sweep']> {
  const today = dayOf(now)
  const [ended, forgotten] = await db.batch([
    db
      .update(session)
      .set({ state: 'ended', endedAt: now, endReason: 'maxDuration' })
      .where(and(eq(session.state, 'live'), lt(session.createdAt, openedBefore))),
    db
      .update(session)
      .set({ resumeTokenHash: null })
      .where(and(eq(session.state, 'ended'), isNotNull(session.resumeTokenHash))),
    db
      .delete(usage)
      .where(
        sql`${usage.userId} in (select ${user.id} from ${user} where ${user.forgetUsageOf} < ${today} and ${user.forgetUsageOf} >= ${usage.day})`,
      ),
  ])
  return { ended: ended.rowsAffected, forgotten: forgotten.rowsAffected }
}

// --- opening ---

interface OpeningQuota {
  quotas: Quotas
  /** Asked by both inserts, or a session that is refused would leave an empty conversation. */
  hasQuota: SQL
  heldCostMicros: number
}

/** Nothing is inserted for a conversation that is continued, for a persona that does not exist, nor without a quota. */
function begin(db: EdgeDatabase, opening: SessionOpening, id: ConversationId, { hasQuota }: OpeningQuota) {
  const { userId, personaId, now } = opening
  const isNew = opening.conversationId === undefined ? sql`true` : sql`false`
  const values = valuesOf(conversation, { id, userId, personaId, createdAt: now, updatedAt: now })
  return db.insert(conversation).select(sql`select ${values} from ${persona}
      where ${eq(persona.id, personaId)} and ${isNew} and ${hasQuota}`)
}

/** Nothing is inserted for a conversation that is another user's or has a live session, nor without a quota. */
function insertSession(
  db: EdgeDatabase,
  opening: SessionOpening,
  conversationId: ConversationId,
  { quotas, hasQuota, heldCostMicros }: OpeningQuota,
) {
  const { sessionId: id, userId, personaId, now: createdAt } = opening
  const values = valuesOf(session, {
    id,
    conversationId,
    userId,
    personaId,
    state: 'live',
    epoch: 0,
    createdAt,
    nodeId: null,
    resumeTokenHash: null,
    placedAt: null,
    endedAt: null,
    endReason: null,
    quotas,
    quotaDay: dayOf(createdAt),
    heldTokens: FIRST_HOLD.tokens,
    heldAudioMs: FIRST_HOLD.audioMs,
    heldCostMicros,
    keepAudioDays: opening.keepAudioDays ?? 0,
  })
  const own = and(eq(conversation.id, conversationId), eq(conversation.userId, userId))
  return db
    .insert(session)
    .select(sql`select ${values} from ${conversation} where ${own} and ${hasQuota}`)
    .onConflictDoNothing()
}

function newestTurns(db: EdgeDatabase, conversationId: ConversationId) {
  return db
    .select({
      id: turn.id,
      utteranceText: sql<string>`coalesce(${turn.correctedText}, ${turn.utteranceText})`,
      heardText: turn.heardText,
    })
    .from(turn)
    .where(eq(turn.conversationId, conversationId))
    .orderBy(desc(turn.startedAt), desc(turn.turn))
    .limit(MAX_CONTEXT_TURNS)
}

/** The newest turns that fit into session.begin, oldest first. */
function withinContext(newestFirst: PastTurn[]): PastTurn[] {
  const encoder = new TextEncoder()
  const kept: PastTurn[] = []
  // The brackets of the array; then each turn with its comma.
  let bytes = 2
  for (const past of newestFirst) {
    if (past.utteranceText === '' && past.heardText === '') continue
    bytes += encoder.encode(JSON.stringify(past)).byteLength + 1
    if (bytes > MAX_CONTEXT_BYTES) break
    kept.push(past)
  }
  return kept.toReversed()
}

/** What is another user's is as if it were not there, whatever is left of a quota; and a conversation in use says so first. */
async function refusal(
  db: EdgeDatabase,
  { conversationId, personaId, userId, now }: SessionOpening,
  { used, quotas }: { used: Counted[]; quotas: Quotas },
): Promise<FaultError> {
  const out = used[0] && exhaustedIn(metersOf(used[0], quotas), { day: dayOf(now), now })
  if (conversationId === undefined) return out ? new FaultError(out) : notFound('persona', personaId)
  const own = and(eq(conversation.id, conversationId), eq(conversation.userId, userId))
  const isLive = sql<number>`exists (select 1 from ${session}
    where ${session.conversationId} = ${conversationId} and ${session.state} = 'live')`
  const [found] = await db.select({ isLive }).from(conversation).where(own)
  if (!found) return notFound('conversation', conversationId)
  if (out && !found.isLive) return new FaultError(out)
  return new FaultError({ code: 'conflict', kind: 'conversation', id: conversationId, expected: 'no live session' })
}
