// How much of each quota is used, held and left. Pure. quota-store.ts counts in the database. Knows no SQL.
//
// One rule decides who may open a session and whose session goes on: used + held by the user's other live sessions <
// quota. A session holds as much as its largest turn, so turns that end at the same time exceed a quota by less than
// one such turn.
import { dayEnd } from '#shared/day.ts'
import type { Fault } from '#shared/fault.ts'
import type { KeyLimits } from '#shared/model/caller.ts'
import type { Quota } from '#shared/model/quota.ts'
import { CALLER_GONE_MS } from '#shared/protocol/limits.ts'

/** The operator's own limits, where a key has none; null for no limit. */
export interface Quotas {
  sessions: number | null
  /** For one user and day (UTC). */
  tokensPerDay: number | null
  audioMsPerDay: number | null
  /** Millionths of the currency that prices are in. */
  costMicrosPerDay: number | null
  /** For all users together. */
  serviceCostMicrosPerDay: number | null
}

/** In the operator's currency; what is absent costs nothing. */
export interface Price {
  perThousandTokens?: number | undefined
  /** A minute of audio: recognised for stt, spoken for tts. */
  perMinute?: number | undefined
}

export interface Metering {
  quotas: Quotas
  /** By an engine's id (`qwen@3`), its name or its role: the first of them that is there counts. */
  prices: Record<string, Price>
}

/** How much of one quota is used. */
export interface QuotaMeter {
  quota: Quota
  used: number
  /** What live sessions may still use before it is counted: one turn each. */
  held: number
  max: number | null
}

/** What a turn left of the quotas of a live session. */
export interface QuotaStanding {
  /** Quotas that are mostly used. */
  near: Quota[]
  exhausted: Extract<Fault, { code: 'quota_exhausted' }> | undefined
}

/**
 * What a session holds before its first turn: a node's longest prompt and reply are 3,400 tokens, an utterance is 60 s.
 * A quota is still exceeded by a turn that is larger than its session's hold, by turns that are delivered after the end
 * of their session, and after midnight by the first turn of each session that was open.
 */
export const FIRST_HOLD = { tokens: 4_000, audioMs: 120_000 }
/** From this share on, the caller is told that a limit is near. */
const NEAR_SHARE = 0.8

/** For programs that run no session, such as the command line. Nothing is limited and nothing has a price. */
export const UNMETERED: Metering = {
  quotas: {
    sessions: null,
    tokensPerDay: null,
    audioMsPerDay: null,
    costMicrosPerDay: null,
    serviceCostMicrosPerDay: null,
  },
  prices: {},
}

/** Used and held, as the database counts them. */
export interface Counted {
  sessions: number
  tokens: number
  tokensHeld: number
  audioMs: number
  audioMsHeld: number
  cost: number
  costHeld: number
  serviceCost: number
  serviceCostHeld: number
}

/** The limits of the key; where it sets none, the operator's. */
export function quotasOf(house: Quotas, limits: KeyLimits = {}): Quotas {
  return {
    ...house,
    sessions: limits.sessions ?? house.sessions,
    tokensPerDay: limits.tokensPerDay ?? house.tokensPerDay,
    audioMsPerDay: limits.audioMsPerDay ?? house.audioMsPerDay,
  }
}

export function metersOf(counted: Counted, quotas: Quotas): QuotaMeter[] {
  const { sessions, tokens, tokensHeld, audioMs, audioMsHeld, cost, costHeld, serviceCost, serviceCostHeld } = counted
  return [
    { quota: 'sessions', used: sessions, held: 0, max: quotas.sessions },
    { quota: 'tokens', used: tokens, held: tokensHeld, max: quotas.tokensPerDay },
    { quota: 'audioMs', used: audioMs, held: audioMsHeld, max: quotas.audioMsPerDay },
    { quota: 'cost', used: cost, held: costHeld, max: quotas.costMicrosPerDay },
    { quota: 'serviceCost', used: serviceCost, held: serviceCostHeld, max: quotas.serviceCostMicrosPerDay },
  ]
}

/** The fault of the first quota that is used up. */
export function exhaustedIn(meters: QuotaMeter[], at: { day: string; now: number }): QuotaStanding['exhausted'] {
  const out = meters.find(({ used, held, max }) => max !== null && used + held >= max)
  return out && exhausted(out.quota, at)
}

export function standingOf(meters: QuotaMeter[], at: { day: string; now: number }): QuotaStanding {
  // The session that asks is counted among the open ones, so this quota says nothing about it.
  const ofDay = meters.filter(({ quota }) => quota !== 'sessions')
  return { near: nearIn(ofDay), exhausted: exhaustedIn(ofDay, at) }
}

/** Quotas of the day that are mostly used. */
export function nearIn(meters: QuotaMeter[]): Quota[] {
  const near = meters.filter(({ quota, used, max }) => quota !== 'sessions' && max !== null && used >= max * NEAR_SHARE)
  return near.map(({ quota }) => quota)
}

function exhausted(
  quota: Quota,
  { day, now }: { day: string; now: number },
): Extract<Fault, { code: 'quota_exhausted' }> {
  // Nobody knows when a session ends. One whose caller vanished ends within CALLER_GONE_MS.
  const resetAt = quota === 'sessions' ? now + CALLER_GONE_MS : dayEnd(day)
  return { code: 'quota_exhausted', quota, retryAfterMs: Math.max(1, resetAt - now), resetAt }
}
