// When to dial again: soon at first, then spread over ever longer times, and from the beginning once a connection carried something.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Backoff } from '#shared/backoff.ts'

/** A number as Math.random() gives. */
const anyRandom = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

function delays(backoff: Backoff, count: number): number[] {
  return Array.from({ length: count }, () => backoff.nextDelayMs())
}

describe('Backoff', () => {
  it('[TOK7] three fast tries of 100 to 300 ms, then anything below 1, 2, 4 … 20 s', () => {
    fc.assert(
      fc.property(anyRandom, (random) => {
        const found = delays(new Backoff(() => random), 12)
        for (const fast of found.slice(0, 3)) {
          expect(fast).toBeGreaterThanOrEqual(100)
          expect(fast).toBeLessThanOrEqual(300)
        }
        const bounds = [1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000, 20_000, 20_000]
        for (const [i, bound] of bounds.entries()) expect(found[3 + i]).toBeCloseTo(random * bound, 6)
      }),
    )
  })

  it('[TOK7] callers that lost the same edge come back spread over the whole time, not in waves', () => {
    const late = Array.from({ length: 2_000 }, () => delays(new Backoff(), 9).at(-1) ?? 0)
    const quarters = [0, 1, 2, 3].map((i) => late.filter((ms) => ms >= i * 5_000 && ms < (i + 1) * 5_000).length)
    // 500 each; 100 is more than five standard deviations away.
    for (const count of quarters) expect(Math.abs(count - 500)).toBeLessThan(100)
  })

  it('[TOK8] the peer’s wish to wait is honoured at every try', () => {
    const backoff = new Backoff(() => 0.5)
    expect([5_000, 5_000, 5_000, 5_000, 5_000].map((ms) => backoff.nextDelayMs(ms))).toEqual(Array(5).fill(5_000))
    expect(backoff.nextDelayMs(10)).toBe(2_000)
  })

  it('[TOK9] counting begins anew once a connection carried something', () => {
    const backoff = new Backoff(() => 0.5)
    delays(backoff, 6)
    backoff.progressed()
    expect(delays(backoff, 4)).toEqual([200, 200, 200, 500])
  })
})
