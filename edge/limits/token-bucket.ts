// Token buckets as small bounded state. A host (the Node process, the Durable Object on Workers) owns the map and calls
// one take after the other. Knows no clock, no storage and no host. An invariant here fails only through a mistake of
// our own code.
import { invariant } from '#shared/invariant.ts'
import { dropOldest, keepNewest } from './bounded-map.ts'

/**
 * The time at which each bucket is full again; the bucket that was used longest ago comes first. A bucket that is not
 * in the map is full. This one number is the whole bucket (the generic cell rate algorithm): taking a token moves it by
 * the time that one token needs to come back.
 */
export type Buckets = Map<string, number>

/** One request for one token. */
export interface Taking {
  bucket: string
  rule: { capacity: number; perMinute: number }
  now: number
}

/** A bucket is named by a kind and an id or address. */
export const MAX_BUCKET_CHARS = 200

const MINUTE_MS = 60_000
/** Epoch milliseconds in a float have an error of a quarter microsecond, so a shorter wait counts as none. */
const ROUNDING_MS = 0.5

/** The answer of the port Limits. */
export interface TakenToken {
  ok: boolean
  retryAfterMs: number
  remaining: number
  resetMs: number
}

export function takeToken(buckets: Buckets, taking: Taking, maxBuckets: number): TakenToken {
  checkTaking(taking)
  const { bucket, rule, now } = taking
  const msPerToken = MINUTE_MS / rule.perMinute
  const emptyMs = rule.capacity * msPerToken
  // Never more than empty: a clock that was set back, or a rule that became smaller, must not lock anybody out for
  // long.
  const fullAt = Math.min(Math.max(buckets.get(bucket) ?? now, now), now + emptyMs)
  const waitMs = fullAt + msPerToken - (now + emptyMs)
  const ok = waitMs < ROUNDING_MS
  const nextFullAt = ok ? fullAt + msPerToken : fullAt
  keepNewest(buckets, [bucket, nextFullAt], maxBuckets)
  dropOldest(buckets, (full) => full <= now)
  const resetMs = nextFullAt - now
  const remaining = Math.max(0, Math.floor((emptyMs - resetMs + ROUNDING_MS) / msPerToken))
  return { ok, retryAfterMs: ok ? 0 : Math.ceil(waitMs), remaining, resetMs: Math.ceil(resetMs) }
}

export function checkTaking({ bucket, rule, now }: Taking): void {
  invariant(
    bucket.length > 0 && bucket.length <= MAX_BUCKET_CHARS,
    `a bucket's name has 1–${MAX_BUCKET_CHARS} characters`,
  )
  invariant(Number.isFinite(rule.capacity) && rule.capacity >= 1, 'a bucket holds at least one token')
  invariant(Number.isFinite(rule.perMinute) && rule.perMinute > 0, 'a bucket refills')
  invariant(Number.isFinite(now), 'a time is a finite number')
}
