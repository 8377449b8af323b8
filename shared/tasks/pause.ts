// How long a task that failed waits before it is tried again. Pure.

export interface Pauses {
  firstMs: number
  /** Each pause is so many times the one before it. */
  factor: number
  longestMs: number
}

export const DEFAULT_PAUSES: Pauses = { firstMs: 10_000, factor: 4, longestMs: 640_000 }
/** A pause is up to so much longer, so that what failed together does not come back together. */
const JITTER = 0.25

/** The pause after the attempt with this number, from 1. `random` is from 0 to 1. */
export function pauseMs(attempt: number, { firstMs, factor, longestMs }: Pauses, random: number): number {
  const bare = Math.min(longestMs, firstMs * factor ** Math.min(Math.max(0, attempt - 1), 30))
  return Math.round(bare * (1 + JITTER * random))
}
