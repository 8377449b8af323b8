// Single places of a text at which a piece may end.
import { expect, it } from 'vitest'
import { boundaryAt } from '#gpu-node/turn/spoken/boundary.ts'

it('[SPK4] one wide mark between figures is part of a time or a span, a run of marks is a pause', () => {
  expect(boundaryAt('10：30', 2, true)).toBeUndefined()
  expect(boundaryAt('10……30', 2, true)).toEqual({ strength: 'clause', end: 4 })
  expect(boundaryAt('在10：你好', 3, true)).toEqual({ strength: 'clause', end: 4 })
})

it('[SPK4] whether "p.m." ends a sentence is unknown while only blanks follow, and true at the end', () => {
  expect(boundaryAt('at 5 p.m. ', 8, false)).toBe('unknown')
  expect(boundaryAt('at 5 p.m. ', 8, true)).toEqual({ strength: 'sentence', end: 9 })
  expect(boundaryAt('at 5 p.m. we', 8, false)).toBeUndefined()
})
