// Days as usage and quotas count them: YYYY-MM-DD, UTC. Pure.

export const DAY_MS = 24 * 60 * 60_000

/** YYYY-MM-DD, UTC. */
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)

/** When the day is over: the next midnight, UTC. */
export const dayEnd = (day: string): number => Date.parse(day) + DAY_MS
