// Statistics per day: how much was said and how quickly it was answered. Used by history-store.ts.
import { and, between, desc, eq, sql } from 'drizzle-orm'
import { session } from '#edge/store/schema/conversations.ts'
import { turn } from '#edge/store/schema/turns.ts'
import { usage } from '#edge/store/schema/usage.ts'
import { dayEnd } from '#shared/day.ts'
import type { Owner } from '#shared/model/caller.ts'
import { runBatch, type EdgeDatabase } from './database.ts'

/** What was said on one day (UTC). */
export interface DayStats {
  /** YYYY-MM-DD */
  day: string
  turns: number
  inputAudioMs: number
  outputAudioMs: number
  promptTokens: number
  completionTokens: number
  /** Voice to voice; null on a day without a spoken turn. */
  latencyMs: { p50: number; p95: number } | null
}

const sum = (column: { name: string }) => sql<number>`sum(${column})`

export async function dayStats(
  db: EdgeDatabase,
  owner: Owner,
  { from, to }: { from: string; to: string },
): Promise<DayStats[]> {
  const isOwners = owner === 'everybody' ? undefined : eq(usage.userId, owner)
  const { days, latencies } = await runBatch(db, {
    days: db
      .select({
        day: usage.day,
        turns: sum(usage.turns),
        inputAudioMs: sum(usage.inputAudioMs),
        outputAudioMs: sum(usage.outputAudioMs),
        promptTokens: sum(usage.promptTokens),
        completionTokens: sum(usage.completionTokens),
      })
      .from(usage)
      .where(and(isOwners, between(usage.day, from, to)))
      .groupBy(usage.day)
      .orderBy(desc(usage.day)),
    latencies: latenciesOf(db, owner, { from, to }),
  })
  const byDay = new Map(latencies.map(({ day, p50, p95 }) => [day, { p50, p95 }]))
  return days.map((one) => ({ ...one, latencyMs: byDay.get(one.day) ?? null }))
}

/** Nearest-rank quantiles of each day: the smallest value that at least this share of the values does not exceed. */
function latenciesOf(db: EdgeDatabase, owner: Owner, { from, to }: { from: string; to: string }) {
  const isOwners = owner === 'everybody' ? undefined : eq(session.userId, owner)
  const day = sql<string>`strftime('%Y-%m-%d', ${turn.startedAt} / 1000, 'unixepoch')`
  const ms = sql<number>`json_extract(${turn.timings}, '$.voiceToVoiceMs')`
  const [first, end] = [Date.parse(from), dayEnd(to)]
  const ranked = db
    .select({
      day: day.as('day'),
      ms: ms.as('ms'),
      rank: sql<number>`row_number() over (partition by ${day} order by ${ms})`.as('rank'),
      all: sql<number>`count(*) over (partition by ${day})`.as('total'),
    })
    .from(turn)
    .innerJoin(session, eq(session.id, turn.sessionId))
    .where(and(isOwners, sql`${ms} is not null`, between(turn.startedAt, first, end - 1)))
    .as('ranked')
  const at = (share: number) =>
    sql<number>`min(case when ${ranked.rank} >= ${share} * ${ranked.all} then ${ranked.ms} end)`
  return db
    .select({ day: sql<string>`${ranked.day}`, p50: at(0.5), p95: at(0.95) })
    .from(ranked)
    .groupBy(sql`${ranked.day}`)
}
