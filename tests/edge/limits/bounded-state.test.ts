// The pure state behind the port Limits: its bounds, and the bucket's arithmetic held against a plain model.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Secrets, burnSecret, mintSecret } from '#edge/limits/single-use.ts'
import { type Buckets, takeToken } from '#edge/limits/token-bucket.ts'

const NOW = Date.UTC(2026, 10, 1)
const ONE = { capacity: 1, perMinute: 1 }

describe('token bucket', () => {
  it('[DOL16] whatever the times, a bucket gives what a bucket that counts tokens gives', () => {
    const rules = fc.record({
      capacity: fc.integer({ min: 1, max: 20 }),
      perMinute: fc.integer({ min: 1, max: 6_000 }),
    })
    fc.assert(
      fc.property(rules, fc.array(fc.nat({ max: 5_000 }), { maxLength: 200 }), (rule, pauses) => {
        const buckets: Buckets = new Map()
        // Counted in 60,000ths of a token, which are whole numbers.
        const full = rule.capacity * 60_000
        let left = full
        let now = NOW
        for (const pause of pauses) {
          now += pause
          left = Math.min(full, left + pause * rule.perMinute)
          const isThere = left >= 60_000
          const { ok, retryAfterMs, remaining } = takeToken(buckets, { bucket: 'ip:1', rule, now }, 10)
          // The model and the float may differ by half a millisecond of refill, never by more.
          if (ok !== isThere) expect(60_000 - left).toBeLessThanOrEqual(rule.perMinute / 2)
          if (ok) left -= 60_000
          else expect(Math.abs(retryAfterMs - (60_000 - left) / rule.perMinute)).toBeLessThanOrEqual(1.5)
          expect(Math.abs(remaining - Math.floor(left / 60_000))).toBeLessThanOrEqual(1)
        }
      }),
    )
  })

  it('[DOL17] at the bound the bucket used longest ago makes room, and a refused one counts as used', () => {
    const buckets: Buckets = new Map()
    const take = (bucket: string) => takeToken(buckets, { bucket, rule: ONE, now: NOW }, 2).ok
    expect([take('a'), take('b'), take('a'), take('c')]).toEqual([true, true, false, true])
    expect([...buckets.keys()]).toEqual(['a', 'c'])
    expect([take('a'), take('b')]).toEqual([false, true])
  })

  it('[DOL17] whatever is taken in which order, the buckets kept are those that were used last', () => {
    const takes = fc.array(fc.tuple(fc.nat(12), fc.constantFrom(0, 0, 0, 30_000, 120_000)), { maxLength: 80 })
    fc.assert(
      fc.property(takes, (all) => {
        const buckets: Buckets = new Map()
        let model: Array<{ bucket: string; fullAt: number }> = []
        let now = NOW
        for (const [name, pause] of all) {
          now += pause
          const bucket = `b:${name}`
          takeToken(buckets, { bucket, rule: ONE, now }, 5)
          const fullAt = Math.max(now, model.find((one) => one.bucket === bucket)?.fullAt ?? now)
          model = [
            ...model.filter((one) => one.bucket !== bucket),
            { bucket, fullAt: fullAt > now ? fullAt : now + 60_000 },
          ]
          model = model.slice(-5)
          while (model[0] && model[0].fullAt <= now) model.shift()
          expect([...buckets]).toEqual(model.map((one) => [one.bucket, one.fullAt]))
        }
      }),
    )
  })

  it('[DOL20] a million addresses never make it walk over what was dropped', () => {
    class WatchedMap extends Map<string, number> {
      walks = 0
      override keys() {
        this.walks += 1
        return super.keys()
      }
    }
    const buckets = new WatchedMap()
    for (let at = 0; at < 1_000_000; at++) takeToken(buckets, { bucket: `address:${at}`, rule: ONE, now: NOW }, 1_000)
    expect(buckets.size).toBe(1_000)
    expect(buckets.walks).toBe(1)
  })

  it('[DOL17] a bucket that is full again is not kept', () => {
    const buckets: Buckets = new Map()
    takeToken(buckets, { bucket: 'a', rule: ONE, now: NOW }, 10)
    takeToken(buckets, { bucket: 'b', rule: ONE, now: NOW + 60_000 }, 10)
    expect([...buckets.keys()]).toEqual(['b'])
  })
})

describe('single-use secrets', () => {
  it('[DOL18] at the bound the secret minted first makes room', () => {
    const secrets: Secrets = new Map()
    for (const secretHash of ['a', 'b', 'a', 'c'])
      mintSecret(secrets, { secretHash, claim: secretHash, expiresAt: 2 }, 2)
    expect(['a', 'b', 'c'].map((hash) => burnSecret(secrets, hash, 1))).toEqual(['a', undefined, 'c'])
  })

  it('[DOL18] a burn lets go of secrets whose time has come', () => {
    const secrets: Secrets = new Map()
    for (const expiresAt of [1, 2, 3]) mintSecret(secrets, { secretHash: `${expiresAt}`, claim: '', expiresAt }, 10)
    burnSecret(secrets, 'unknown', 2)
    expect([...secrets.keys()]).toEqual(['3'])
  })
})
