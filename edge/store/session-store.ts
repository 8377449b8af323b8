// Sessions and the conversations that they continue. A conversation has at most one live session; a unique index
// enforces it, so that it holds for any number of edges. Called by the session rooms. Knows no socket and no node.
import { and, desc, eq, lt, max, sql, type SQL } from 'drizzle-orm'
import { conversation, session } from '#edge/store/schema/conversations.ts'
import { persona } from '#edge/store/schema/personas.ts'
import { turn } from '#edge/store/schema/turns.ts'
import { usage } from '#edge/store/schema/usage.ts'
import { user } from '#edge/store/schema/users.ts'
import { dayOf } from '#shared/day.ts'
import { FaultError, notFound } from '#shared/fault.ts'
import { type ConversationId, newId, type NodeId, type PersonaId, type SessionId, type UserId } from '#shared/ids.ts'
import type { KeyLimits } from '#shared/model/caller.ts'
import type { Quota } from '#shared/model/quota.ts'
import type { KeepAudioDays } from '#shared/model/turn-audio.ts'
import type { PastTurn } from '#shared/model/turn.ts'
import { MAX_CONTEXT_BYTES } from '#shared/protocol/limits.ts'
import type { EndReason } from '#shared/protocol/session-messages.ts'
import { type EdgeDatabase, runBatch, valuesOf } from './database.ts'
import type { StoredPersona } from './persona-store.ts'
import { firstHoldMicros } from './prices.ts'
import { countForOpening, hasQuotaSql } from './quota-store.ts'
import {
  type Counted,
  exhaustedIn,
  FIRST_HOLD,
  type Metering,
  metersOf,
  nearIn,
  type Quotas,
  quotasOf,
} from './quotas.ts'

export interface SessionOpening {
  sessionId: SessionId
  userId: UserId
  /** The conversation to continue; undefined makes a new one. */
  conversationId: ConversationId | undefined
  personaId: PersonaId
  /** The limits of the caller's key; the operator's own where there are none. */
  limits?: KeyLimits | undefined
  /** How long the sound of its turns is kept; without it, not at all. */
  keepAudioDays?: KeepAudioDays | undefined
  now: number
}

export interface SessionStore {
  persona(id: PersonaId): Promise<StoredPersona | undefined>
  /**
   * Opens the session and its conversation in one batch. Throws FaultError not_found for a conversation that is not the
   * user's, conflict where it has a live session, quota_exhausted where a quota is used up.
   * `turns`: oldest first, at most MAX_CONTEXT_BYTES, heard text only. `lastTurn`: the highest turn number that was
   * given in the conversation, 0 before the first. `near`: quotas that are mostly used.
   */
  openSession(
    opening: SessionOpening,
  ): Promise<{ conversationId: ConversationId; turns: PastTurn[]; lastTurn: number; near: Quota[] }>
  placed(session: { sessionId: SessionId; nodeId: NodeId; epoch: number; now: number }): Promise<void>
  /** The node that the session was placed on: null before its placement is written, undefined for a session that is not there. */
  nodeOf(sessionId: SessionId): Promise<NodeId | null | undefined>
  /**
   * `lastTurn`: the highest turn number that the session gave, also to a turn that is not stored yet or never will be.
   * The next session of the conversation goes on after it.
   */
  ended(session: { sessionId: SessionId; reason: EndReason; lastTurn: number; now: number }): Promise<void>
  /**
   * Ends the sessions that were live when the edge went down, so that their conversations are free. Called at the
   * start.
   */
  endAllLive(now: number): Promise<number>
  /**
   * Ends sessions that are still live although they were opened before `openedBefore`: their room could not write the
   * end. Removes old usage of users who deleted their accounts. Returns how many sessions it ended.
   */
  sweep(sweeping: { openedBefore: number; now: number }): Promise<{ ended: number }>
}

/** A past turn has about 100 characters, so MAX_CONTEXT_BYTES never holds more rows than this in practice. */
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
      const { used, opened, newest, numbers } = await runBatch(db, {
        // Writes come first: a server refuses a transaction that has read and then writes where another one wrote in
        // between.
        newConversation: begin(db, opening, conversationId, quota),
        newSession: insertSession(db, opening, conversationId, quota),
        used: countForOpening(db, whose, quotas),
        opened: db
          .select({ state: session.state })
          .from(session)
          .where(and(eq(session.id, opening.sessionId), eq(session.conversationId, conversationId))),
        newest: newestTurns(db, conversationId),
        numbers: lastNumber(db, conversationId),
      })
      if (opened.length === 0) throw await refusal(db, opening, { used, quotas })
      const near = used[0] ? nearIn(metersOf(used[0], quotas)) : []
      return { conversationId, turns: withinContext(newest), lastTurn: numbers[0]?.last ?? 0, near }
    },

    async placed({ sessionId, nodeId, epoch, now }) {
      await db
        .update(session)
        .set({ nodeId, epoch, placedAt: now })
        .where(and(eq(session.id, sessionId), eq(session.state, 'live')))
    },

    async nodeOf(sessionId) {
      const [found] = await db.select({ nodeId: session.nodeId }).from(session).where(eq(session.id, sessionId))
      return found && found.nodeId
    },

    async ended({ sessionId, reason, lastTurn, now }) {
      await db
        .update(session)
        .set({ state: 'ended', endedAt: now, endReason: reason, lastTurn })
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
  const { ended } = await runBatch(db, {
    ended: db
      .update(session)
      .set({ state: 'ended', endedAt: now, endReason: 'maxDuration' })
      .where(and(eq(session.state, 'live'), lt(session.createdAt, openedBefore))),
    noUsage: db
      .delete(usage)
      .where(
        sql`${usage.userId} in (select ${user.id} from ${user} where ${user.forgetUsageOf} < ${today} and ${user.forgetUsageOf} >= ${usage.day})`,
      ),
  })
  return { ended: ended.rowsAffected }
}

// --- opening ---

interface OpeningQuota {
  quotas: Quotas
  /** Both inserts ask for it; otherwise a refused session would leave an empty conversation. */
  hasQuota: SQL
  heldCostMicros: number
}

/** Inserts nothing where a conversation is continued, where the persona does not exist, or where a quota is used up. */
function begin(db: EdgeDatabase, opening: SessionOpening, id: ConversationId, { hasQuota }: OpeningQuota) {
  const { userId, personaId, now } = opening
  const isNew = opening.conversationId === undefined ? sql`true` : sql`false`
  const values = valuesOf(conversation, { id, userId, personaId, createdAt: now, updatedAt: now })
  return db.insert(conversation).select(sql`select ${values} from ${persona}
      where ${eq(persona.id, personaId)} and ${isNew} and ${hasQuota}`)
}

/** Inserts nothing where the conversation is another user's or has a live session, or where a quota is used up. */
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
    lastTurn: 0,
  })
  const own = and(eq(conversation.id, conversationId), eq(conversation.userId, userId))
  return db
    .insert(session)
    .select(sql`select ${values} from ${conversation} where ${own} and ${hasQuota}`)
    .onConflictDoNothing()
}

/** The highest turn number: of the stored turns, and of those that the sessions gave without a stored turn. */
function lastNumber(db: EdgeDatabase, conversationId: ConversationId) {
  const ofTurns = db
    .select({ number: max(turn.turn) })
    .from(turn)
    .where(eq(turn.conversationId, conversationId))
  const ofSessions = db
    .select({ number: max(session.lastTurn) })
    .from(session)
    .where(eq(session.conversationId, conversationId))
  return db.all<{ last: number }>(sql`select max(coalesce(${ofTurns}, 0), coalesce(${ofSessions}, 0)) as last`)
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
  // Two bytes for the brackets of the array, then each turn with its comma.
  let bytes = 2
  for (const past of newestFirst) {
    if (past.utteranceText === '' && past.heardText === '') continue
    bytes += encoder.encode(JSON.stringify(past)).byteLength + 1
    if (bytes > MAX_CONTEXT_BYTES) break
    kept.push(past)
  }
  return kept.toReversed()
}

/**
 * Why nothing was inserted. Another user's conversation is not_found whatever the quota says; a live session comes
 * before the quota.
 */
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
