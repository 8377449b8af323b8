// When an engine that failed is asked again, as a table.
import { describe, expect, it } from 'vitest'
import {
  afterEvent,
  CLOSED,
  MAX_FAILURES,
  mayAsk,
  OUT_MS,
  type Circuit,
  type CircuitEvent,
} from '#gpu-node/engines/chain/circuit.ts'

const NOW = 1_000
const out: Circuit = { is: 'open', until: NOW + OUT_MS }
const due: Circuit = { is: 'open', until: NOW }
const trying: Circuit = { is: 'trying' }
const soft: CircuitEvent = { type: 'failed', isHard: false }
const hard: CircuitEvent = { type: 'failed', isHard: true }

const TABLE: Array<[Circuit, CircuitEvent, Circuit]> = [
  [CLOSED, { type: 'asked' }, CLOSED],
  [CLOSED, { type: 'answered' }, CLOSED],
  [CLOSED, { type: 'cancelled' }, CLOSED],
  [CLOSED, soft, { is: 'closed', failures: 1 }],
  [{ is: 'closed', failures: 1 }, { type: 'answered' }, CLOSED],
  [{ is: 'closed', failures: 1 }, { type: 'cancelled' }, { is: 'closed', failures: 1 }],
  [{ is: 'closed', failures: MAX_FAILURES - 1 }, soft, out],
  [CLOSED, hard, out],
  [due, { type: 'asked' }, trying],
  [out, { type: 'asked' }, out],
  [out, { type: 'answered' }, CLOSED],
  [out, soft, out],
  [trying, { type: 'asked' }, trying],
  [trying, { type: 'answered' }, CLOSED],
  [trying, soft, out],
  [trying, { type: 'cancelled' }, due],
]

describe('an engine that fails', () => {
  it.each(TABLE)('[LAD1] is left alone for a while, then tried once: %j, %j → %j', (circuit, event, after) => {
    expect(afterEvent(circuit, event, NOW)).toEqual(after)
  })

  it.each([
    [CLOSED, true],
    [{ is: 'closed', failures: 2 } as const, true],
    [out, false],
    [due, true],
    [trying, false],
  ])('[LAD1] %j may be asked: %s', (circuit, may) => {
    expect(mayAsk(circuit, NOW)).toBe(may)
  })
})
