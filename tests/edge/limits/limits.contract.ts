// The contract of the port Limits, run against each implementation: in process on Node, and in a Durable Object on workerd.
// Times are given, so nothing sleeps; each test has buckets and secrets of its own, for one Limits may serve all tests.
import { beforeEach, describe, expect, it } from 'vitest'
import { MAX_CLAIM_CHARS, MAX_SECRET_HASH_CHARS } from '#edge/limits/single-use.ts'
import { MAX_BUCKET_CHARS } from '#edge/limits/token-bucket.ts'
import type { Limits } from '#edge/ports.ts'

const NOW = Date.UTC(2026, 10, 1)
const SECOND_MS = 1_000
const MINUTE_MS = 60_000
/** One token a second. */
const RULE = { capacity: 5, perMinute: 60 }
const IN_ANY_SCRIPT = ['{"user":"usr_1"}', '你好，世界 👋', 'a "quoted"\nline\u0000', '\ud800', '__proto__', '']

export function limitsContract(name: string, open: () => Limits): void {
  describe(`limits: ${name}`, () => {
    let limits: Limits
    let count = 0
    const fresh = (kind: string): string => `${kind}:${name}-${++count}`
    beforeEach(() => {
      limits = open()
    })
    const takeMany = (bucket: string, times: number, now: number) =>
      Promise.all(Array.from({ length: times }, () => limits.take(bucket, RULE, now)))
    const granted = (taken: Array<{ ok: boolean }>) => taken.filter(({ ok }) => ok).length

    it('[DOL1] a bucket gives its capacity at once, then says how long to wait, and gives again after exactly that', async () => {
      const bucket = fresh('ip')
      expect(await takeMany(bucket, 5, NOW)).toEqual(
        Array.from({ length: 5 }, (_, at) => ({
          ok: true,
          retryAfterMs: 0,
          remaining: 4 - at,
          resetMs: (at + 1) * SECOND_MS,
        })),
      )
      expect(await limits.take(bucket, RULE, NOW)).toMatchObject({ ok: false, retryAfterMs: SECOND_MS })
      expect(await limits.take(bucket, RULE, NOW + 999)).toMatchObject({ ok: false, retryAfterMs: 1 })
      expect(await limits.take(bucket, RULE, NOW + SECOND_MS)).toMatchObject({ ok: true, retryAfterMs: 0 })
      expect(await limits.take(bucket, RULE, NOW + SECOND_MS)).toMatchObject({ ok: false, retryAfterMs: SECOND_MS })
    })

    it('[DOL2] a bucket refills at its rate, and never above its capacity', async () => {
      const bucket = fresh('ip')
      await takeMany(bucket, 5, NOW)
      expect(granted(await takeMany(bucket, 5, NOW + 3 * SECOND_MS))).toBe(3)
      expect(granted(await takeMany(bucket, 7, NOW + 60 * MINUTE_MS))).toBe(5)
    })

    it('[DOL3] buckets do not touch each other, and neither do their kinds', async () => {
      const [one, other] = [fresh('ip'), fresh('ip')]
      await takeMany(one, 6, NOW)
      expect(granted(await takeMany(other, 6, NOW))).toBe(5)
      expect(granted(await takeMany(one.replace('ip:', 'key:'), 6, NOW))).toBe(5)
    })

    it('[DOL4] twenty at once get no more tokens than there are', async () => {
      expect(granted(await takeMany(fresh('key'), 20, NOW))).toBe(5)
    })

    it('[DOL5] a secret gives its claim to one of twenty who burn it at once, and never again', async () => {
      const secret = fresh('secret')
      await limits.mint(secret, 'the claim', NOW + MINUTE_MS)
      const burned = await Promise.all(Array.from({ length: 20 }, () => limits.burn(secret, NOW)))
      expect(burned.filter((claim) => claim !== undefined)).toEqual(['the claim'])
      expect(await limits.burn(secret, NOW)).toBeUndefined()
    })

    it('[DOL6] a secret that is unknown, or whose time has come, gives nothing', async () => {
      const [last, late] = [fresh('secret'), fresh('secret')]
      await limits.mint(last, 'in time', NOW + 1)
      await limits.mint(late, 'too late', NOW)
      expect(await limits.burn(last, NOW)).toBe('in time')
      expect(await limits.burn(late, NOW)).toBeUndefined()
      expect(await limits.burn(late, NOW - MINUTE_MS)).toBeUndefined()
      expect(await limits.burn(fresh('secret'), NOW)).toBeUndefined()
    })

    it.each(IN_ANY_SCRIPT)('[DOL7] names and claims in any script arrive whole: %j', async (text) => {
      const name = fresh(`secret-${text}`)
      await limits.mint(name, text, NOW + MINUTE_MS)
      expect(await limits.burn(name, NOW)).toBe(text)
      expect(granted(await takeMany(name, 6, NOW))).toBe(5)
    })

    it('[DOL8] what is over its bound, and a rule or a time that is no number, is refused', async () => {
      const long = 'x'.repeat(MAX_BUCKET_CHARS)
      expect(await limits.take(long, RULE, NOW)).toMatchObject({ ok: true, retryAfterMs: 0 })
      await expect(limits.take(`${long}x`, RULE, NOW)).rejects.toThrow('invariant')
      await expect(limits.take('', RULE, NOW)).rejects.toThrow('invariant')
      const bucket = fresh('ip')
      for (const rule of [
        { capacity: 0, perMinute: 60 },
        { capacity: 5, perMinute: 0 },
        { capacity: 5, perMinute: Number.POSITIVE_INFINITY },
        { capacity: Number.NaN, perMinute: 60 },
      ])
        await expect(limits.take(bucket, rule, NOW)).rejects.toThrow('invariant')
      await expect(limits.take(bucket, RULE, Number.NaN)).rejects.toThrow('invariant')
      const claim = 'x'.repeat(MAX_CLAIM_CHARS)
      await expect(limits.mint(fresh('secret'), `${claim}x`, NOW)).rejects.toThrow('invariant')
      await expect(limits.mint('x'.repeat(MAX_SECRET_HASH_CHARS + 1), claim, NOW)).rejects.toThrow('invariant')
      await expect(limits.mint(fresh('secret'), claim, Number.NaN)).rejects.toThrow('invariant')
    })

    it('[DOL9] a clock that is set back locks out for no longer than an empty bucket takes to fill', async () => {
      const bucket = fresh('ip')
      await takeMany(bucket, 5, NOW + 60 * MINUTE_MS)
      const { retryAfterMs } = await limits.take(bucket, RULE, NOW)
      expect(retryAfterMs).toBeGreaterThan(0)
      expect(retryAfterMs).toBeLessThanOrEqual(5 * SECOND_MS)
      expect(await limits.take(bucket, RULE, NOW + retryAfterMs)).toMatchObject({ ok: true, retryAfterMs: 0 })
    })
  })
}
