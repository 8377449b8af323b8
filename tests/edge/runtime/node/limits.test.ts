// The port Limits in the edge's own process, held to the contract that tests/edge/runtime/workers/limits.test.ts holds workerd to.
import { expect, it } from 'vitest'
import { createLimits } from '#edge/runtime/node/limits.ts'
import { limitsContract } from '#tests/edge/limits/limits.contract.ts'

const limits = createLimits()
limitsContract('in process', () => limits)

it('[DOL19] a flood of addresses pushes out no key’s bucket', async () => {
  const one = { capacity: 1, perMinute: 1 }
  const flooded = createLimits()
  expect((await flooded.take('key:one', one, 0)).ok).toBe(true)
  for (let i = 0; i < 20_001; i++) await flooded.take(`address:${i}`, one, 0)
  expect((await flooded.take('key:one', one, 0)).ok).toBe(false)
})
