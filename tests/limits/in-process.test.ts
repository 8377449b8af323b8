// The port Limits in the edge's own process, held to the contract that tests/workers/limits.test.ts holds workerd to.
import { createLimits } from '#edge/runtime/node/limits.ts'
import { limitsContract } from '#tests/contracts/limits.contract.ts'

const limits = createLimits()
limitsContract('in process', () => limits)
