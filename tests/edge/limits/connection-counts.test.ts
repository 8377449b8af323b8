// Counting connections, in memory.
import { describe, expect, it } from 'vitest'
import { createConnectionCounts } from '#edge/limits/connection-counts.ts'

describe('connection counts', () => {
  it('[HOS2] bound what waits and what is open, each of its own', () => {
    const counts = createConnectionCounts({ waiting: 2, all: 3 })
    const [first, second] = [counts.open('a'), counts.open('a')]
    expect(counts.open('a')).toBeUndefined()
    expect(counts.open('b')).toBeDefined()
    first?.begun()
    const third = counts.open('a')
    expect(third).toBeDefined()
    third?.begun()
    second?.begun()
    expect(counts.open('a')).toBeUndefined()
    first?.end()
    expect(counts.open('a')).toBeDefined()
  })

  it('[HOS7] are given back once, and nothing stays behind', () => {
    const counts = createConnectionCounts({ waiting: 1, all: 1 })
    const one = counts.open('a')
    for (let times = 0; times < 3; times++) {
      one?.end()
      one?.begun()
    }
    expect(counts.size).toBe(0)
    expect(counts.open('a')).toBeDefined()
    expect(counts.open('a')).toBeUndefined()
  })

  it('[HOS2] are without a bound where it is 0', () => {
    const counts = createConnectionCounts({ waiting: 0, all: 0 })
    for (let times = 0; times < 1_000; times++) expect(counts.open('a')).toBeDefined()
  })
})
