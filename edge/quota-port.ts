// What users may use up and what it costs: the operator's settings, and what the store says of them. Part of ports.ts.
import type { Fault } from '#shared/fault.ts'
import type { UserId } from '#shared/ids.ts'
import type { Quota } from '#shared/model/quota.ts'
import type { KeyLimits } from './ports.ts'
import type { Owner } from './store-ports.ts'

/** The house's own, where a key has none; null for no limit. */
export interface Quotas {
  sessions: number | null
  /** Of a user and day (UTC). */
  tokensPerDay: number | null
  audioMsPerDay: number | null
  /** Millionths of the currency that prices are in. */
  costMicrosPerDay: number | null
  /** Of all users together. */
  serviceCostMicrosPerDay: number | null
}

/** In the operator's currency; what is absent costs nothing. */
export interface Price {
  perThousandTokens?: number | undefined
  /** Of audio: recognised for stt, spoken for tts. */
  perMinute?: number | undefined
}

export interface Metering {
  quotas: Quotas
  /** By an engine's id (`qwen@3`), its name or its role: the first of them that is there counts. */
  prices: Record<string, Price>
}

/** One quota of a user as it stands. */
export interface QuotaMeter {
  quota: Quota
  used: number
  /** What live sessions may yet use before it is counted: one turn each. */
  held: number
  max: number | null
}

/** What a turn left of the quotas of a live session. */
export interface QuotaStanding {
  /** Most of it is used. */
  near: Quota[]
  exhausted: Extract<Fault, { code: 'quota_exhausted' }> | undefined
}

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
  /** Of a user whose key has these limits, today; of everybody, what all of them cost. */
  meters(owner: Owner, limits: KeyLimits, now: number): Promise<QuotaMeter[]>
  /** The fault of the first of a user's quotas of today of which nothing is left. */
  exhausted(userId: UserId, limits: KeyLimits, now: number): Promise<QuotaStanding['exhausted']>
  /** Counts what was spoken outside of turns. */
  spoken(userId: UserId, speech: { engine: string; audioMs: number }, now: number): Promise<void>
  /** Days with turns, newest first; both bounds belong to it. */
  usage(owner: Owner, days: { from: string; to: string }): Promise<DayUsage[]>
}
