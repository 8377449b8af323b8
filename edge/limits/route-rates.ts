// The one table of rates: how often a key may use each class of routes. The routes apply it, /openapi.json and /docs
// show it. Each route has a bucket of its own per key. Knows no route.

/** Requests of one key per minute. The bucket holds as many, so that a burst after a pause is served. */
export const ROUTE_RATES = {
  /** Lists, and one thing by its id. */
  read: 30,
  search: 10,
  /** A sentence spoken to try a voice. */
  preview: 10,
  write: 10,
  upload: 5,
  export: 5,
  /** Keys, and the deletion of an account. */
  account: 5,
  /**
   * Tickets and client secrets: a page takes one for each dial, and on a bad network it dials about ten times a minute.
   */
  ticket: 30,
} as const
export type RouteRate = keyof typeof ROUTE_RATES

/** The largest factor by which a key may multiply a rate. */
export const MAX_RATE_FACTOR = 100_000

/**
 * Requests of one network address per minute, counted before anything is looked up. An office behind one address stays
 * below it, a flood does not. The operator may set another (ADDRESS_RATE).
 */
export const ADDRESS_RATE = 1_200

/** The bucket's rule for a key with this factor. */
export function ruleOf(rate: RouteRate, factor = 1): { capacity: number; perMinute: number } {
  const perMinute = Math.max(1, ROUTE_RATES[rate] * factor)
  return { capacity: perMinute, perMinute }
}
