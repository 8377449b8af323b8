// What can be used up: the names that a fault, a notice and GET /api/usage have for it, and the day that it is counted by.
import * as v from 'valibot'

/**
 * sessions: of a user at once. tokens, audioMs, cost: of a user and day. serviceCost: what all users together cost a day. Closed, so
 * that a fault tells nothing else.
 */
export const Quota = v.picklist(['sessions', 'tokens', 'audioMs', 'cost', 'serviceCost'])
export type Quota = v.InferOutput<typeof Quota>

const DAY_MS = 24 * 60 * 60_000

/** YYYY-MM-DD, UTC. */
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)

/** When a day's quotas begin anew: its midnight, UTC. */
export const dayEnd = (day: string): number => Date.parse(day) + DAY_MS
