// Counts in the database what is used and what live sessions hold: when a session opens, after each turn, and for GET
// /api/usage. quotas.ts judges the numbers. Knows no room.
import { and, between, desc, eq, isNotNull, sql, type SQL } from 'drizzle-orm'
import { session } from '#edge/store/schema/conversations.ts'
import { usage } from '#edge/store/schema/usage.ts'
import { dayOf } from '#shared/day.ts'
import type { UserId } from '#shared/ids.ts'
import type { KeyLimits, Owner } from '#shared/model/caller.ts'
import type { EdgeDatabase } from './database.ts'
import type { Slot } from './prepared.ts'
import { costMicrosOf } from './prices.ts'
import {
  type Counted,
  type Metering,
  metersOf,
  type QuotaMeter,
  type Quotas,
  quotasOf,
  type QuotaStanding,
  standingOf,
} from './quotas.ts'

export interface DayUsage {
  /** YYYY-MM-DD */
  day: string
  turns: number
  promptTokens: number
  completionTokens: number
  inputAudioMs: number
  outputAudioMs: number
  costMicros: number
}

export interface QuotaStore {
  /** A user's quotas of today, by the limits of his key; for everybody, only the cost of all users together. */
  meters(owner: Owner, limits: KeyLimits, now: number): Promise<QuotaMeter[]>
  /** The fault of the user's first quota of today that is used up. */
  exhausted(userId: UserId, limits: KeyLimits, now: number): Promise<QuotaStanding['exhausted']>
  /** Counts what was spoken outside of turns. */
  spoken(userId: UserId, speech: { engine: string; audioMs: number }, now: number): Promise<void>
  /** Days with turns, newest first; `from` and `to` are both included. */
  usage(owner: Owner, days: { from: string; to: string }): Promise<DayUsage[]>
}

/**
 * Whose quotas are counted, and for which day. `self`: the session that asks; what it holds does not count against it.
 */
interface Whose {
  userId: SQL
  day: SQL
  self: Slot | null
}

export function createQuotaStore(db: EdgeDatabase, { quotas, prices }: Metering): QuotaStore {
  const metersAt = async (owner: Owner, limits: KeyLimits, now: number): Promise<QuotaMeter[]> => {
    const whose = { userId: sql`${owner}`, day: sql`${dayOf(now)}`, self: null }
    const counted = await db.get<Counted>(sql`select ${listed(countedSql(whose, quotas))}`)
    return metersOf(counted, quotasOf(quotas, limits))
  }
  return {
    async meters(owner, limits, now) {
      const meters = await metersAt(owner, limits, now)
      return owner === 'everybody' ? meters.filter(({ quota }) => quota === 'serviceCost') : meters
    },

    exhausted: async (userId, limits, now) =>
      standingOf(await metersAt(userId, limits, now), { day: dayOf(now), now }).exhausted,

    async spoken(userId, { engine, audioMs }, now) {
      const used = { promptTokens: 0, completionTokens: 0, inputAudioMs: 0, outputAudioMs: Math.ceil(audioMs) }
      const costMicros = costMicrosOf({ engines: { tts: engine }, usage: used }, prices)
      await db
        .insert(usage)
        .values({ userId, day: dayOf(now), turns: 0, ...used, costMicros })
        .onConflictDoUpdate({
          target: [usage.userId, usage.day],
          set: {
            outputAudioMs: sql`${usage.outputAudioMs} + ${used.outputAudioMs}`,
            costMicros: sql`${usage.costMicros} + ${costMicros}`,
          },
        })
    },

    usage(owner, { from, to }) {
      const isOwners = owner === 'everybody' ? undefined : eq(usage.userId, owner)
      const sum = (column: { name: string }) => sql<number>`sum(${column})`
      return db
        .select({
          day: usage.day,
          turns: sum(usage.turns),
          promptTokens: sum(usage.promptTokens),
          completionTokens: sum(usage.completionTokens),
          inputAudioMs: sum(usage.inputAudioMs),
          outputAudioMs: sum(usage.outputAudioMs),
          costMicros: sum(usage.costMicros),
        })
        .from(usage)
        .where(and(isOwners, between(usage.day, from, to)))
        .groupBy(usage.day)
        .orderBy(desc(usage.day))
    },
  }
}

// --- opening ---

/**
 * A statement for the opening batch. Where nothing was inserted, it returns the numbers by which hasQuotaSql() refused.
 */
export function countForOpening(db: EdgeDatabase, whose: Whose, quotas: Quotas) {
  return db.all<Counted>(sql`select ${listed(countedSql(whose, quotas))}`)
}

/** True while every quota has something left for one more session. */
export function hasQuotaSql(whose: Whose, quotas: Quotas): SQL {
  const n = countedSql(whose, quotas)
  const below: Array<[SQL, number | null]> = [
    [n.sessions, quotas.sessions],
    [sql`${n.tokens} + ${n.tokensHeld}`, quotas.tokensPerDay],
    [sql`${n.audioMs} + ${n.audioMsHeld}`, quotas.audioMsPerDay],
    [sql`${n.cost} + ${n.costHeld}`, quotas.costMicrosPerDay],
    [sql`${n.serviceCost} + ${n.serviceCostHeld}`, quotas.serviceCostMicrosPerDay],
  ]
  const conditions = below.flatMap(([number, max]) => (max === null ? [] : [sql`${number} < ${max}`]))
  return conditions.length > 0 ? sql.join(conditions, sql` and `) : sql`true`
}

// --- settling ---

type Settled = Record<'tokens' | 'audioMs' | 'costMicros' | 'day', Slot>

/**
 * A live session holds as much as its largest turn, on the day of its newest turn. Delivering a turn twice changes
 * nothing.
 */
export function holdFor(db: EdgeDatabase, isSession: SQL | undefined, { tokens, audioMs, costMicros, day }: Settled) {
  const most = (column: { name: string }, turn: Slot): SQL => sql`max(${column}, ${turn})`
  return db
    .update(session)
    .set({
      heldTokens: most(session.heldTokens, tokens),
      heldAudioMs: most(session.heldAudioMs, audioMs),
      heldCostMicros: most(session.heldCostMicros, costMicros),
      quotaDay: sql`max(${session.quotaDay}, ${day})`,
    })
    .where(and(isSession, isMetered))
}

/**
 * A statement for the batch that stores a turn, after the turn was counted. It returns no row where the session is
 * over.
 */
export function countForSession(db: EdgeDatabase, sessionId: Slot, { quotas }: Metering) {
  const its = (column: SQL): SQL => sql`(select ${column} from ${session} where ${session.id} = ${sessionId})`
  const whose = { userId: its(sql`${session.userId}`), day: its(sql`${session.quotaDay}`), self: sessionId }
  return db.all<SessionCounted>(sql`select ${session.quotas} as quotas, ${session.quotaDay} as day,
    ${listed(countedSql(whose, quotas))} from ${session} where ${and(eq(session.id, sessionId), isMetered)}`)
}

/** `quotas` is JSON text here: db.all() decodes no columns. */
interface SessionCounted extends Counted {
  quotas: string
  day: string
}

export function standingIn([row]: SessionCounted[], now: number): QuotaStanding | undefined {
  if (!row) return undefined
  const quotas = JSON.parse(row.quotas) as Quotas
  return standingOf(metersOf(row, quotas), { day: row.day, now })
}

// --- counting ---

const isMetered = and(eq(session.state, 'live'), isNotNull(session.quotaDay))

/** The cost of all users is summed up only where it is limited, because that reads a row for each user. */
function countedSql({ userId, day, self }: Whose, quotas: Quotas): Record<keyof Counted, SQL> {
  const isLive = sql`${session.state} = 'live' and ${session.id} is not ${self}`
  const isUsers = sql`${session.userId} = ${userId}`
  const used = (what: SQL, where: SQL): SQL => sql`(select coalesce(sum(${what}), 0) from ${usage} where ${where})`
  const held = (what: { name: string }, where: SQL): SQL =>
    sql`(select coalesce(sum(${what}), 0) from ${session} where ${isLive} and ${session.quotaDay} = ${day} and ${where})`
  const mine = sql`${usage.userId} = ${userId} and ${usage.day} = ${day}`
  const isServiceLimited = quotas.serviceCostMicrosPerDay !== null
  return {
    sessions: sql`(select count(*) from ${session} where ${isLive} and ${isUsers})`,
    tokens: used(sql`${usage.promptTokens} + ${usage.completionTokens}`, mine),
    tokensHeld: held(session.heldTokens, isUsers),
    audioMs: used(sql`${usage.inputAudioMs} + ${usage.outputAudioMs}`, mine),
    audioMsHeld: held(session.heldAudioMs, isUsers),
    cost: used(sql`${usage.costMicros}`, mine),
    costHeld: held(session.heldCostMicros, isUsers),
    serviceCost: isServiceLimited ? used(sql`${usage.costMicros}`, sql`${usage.day} = ${day}`) : sql`0`,
    serviceCostHeld: isServiceLimited ? held(session.heldCostMicros, sql`true`) : sql`0`,
  }
}

function listed(counted: Record<keyof Counted, SQL>): SQL {
  const columns = Object.entries(counted).map(([name, number]) => sql`${number} as ${sql.identifier(name)}`)
  return sql.join(columns, sql`, `)
}
