// The one table of how often a key may ask what: read by the routes, told by /openapi.json and /docs. Each route of a class has
// a bucket of its own a key. Knows no route.

/** A minute's requests of one key; the bucket holds as many, so that a burst after a pause is served. */
export const ROUTE_RATES = {
  /** Lists and single things. */
  read: 30,
  search: 10,
  /** A sentence spoken for a try. */
  preview: 10,
  write: 10,
  upload: 5,
  export: 5,
  /** Keys, and a user's own end. */
  account: 5,
  /** Tickets and client secrets: a page takes one a dial, and a flapping network dials some ten times a minute. */
  ticket: 30,
} as const
export type RouteRate = keyof typeof ROUTE_RATES

/** The most that a key's own factor may make of a rate. */
export const MAX_RATE_FACTOR = 100_000

/**
 * A minute's requests of one network address, whoever it is, before anything is looked up: an office behind one address stays
 * below, a flood does not. The operator may set another (ADDRESS_RATE).
 */
export const ADDRESS_RATE = 1_200

/** The bucket's rule for a key with this factor. */
export function ruleOf(rate: RouteRate, factor = 1): { capacity: number; perMinute: number } {
  const perMinute = Math.max(1, ROUTE_RATES[rate] * factor)
  return { capacity: perMinute, perMinute }
}
