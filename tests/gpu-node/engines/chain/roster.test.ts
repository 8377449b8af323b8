// Which member of a chain is asked, by state and circuit.
import { describe, expect, it } from 'vitest'
import { FaultError } from '#shared/fault.ts'
import { silentLog } from '#shared/log.ts'
import type { EngineState } from '#shared/model/engine.ts'
import { OUT_MS } from '#gpu-node/engines/chain/circuit.ts'
import { Roster } from '#gpu-node/engines/chain/roster.ts'
import { scripted } from '#tests/fakes/script.ts'
import { member } from '#tests/fakes/chain-member.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

const NONE: ReadonlySet<string> = new Set()

function chain() {
  const clock = createVirtualClock()
  const roster = new Roster({ clock, log: silentLog })
  const [first, second] = [member({ engine: scripted('llm', 'a') }), member({ engine: scripted('llm', 'b') })]
  const choices = [{ member: first }, { member: second }]
  return { clock, roster, first, second, next: () => roster.next(choices, NONE)?.member.name }
}

const STATES: Array<[EngineState, EngineState, string | undefined]> = [
  ['ready', 'ready', 'a'],
  ['degraded', 'ready', 'a'],
  ['warming', 'ready', 'b'],
  ['draining', 'ready', 'b'],
  ['failed', 'degraded', 'b'],
  ['stopped', 'backoff', undefined],
]

describe('the next member', () => {
  it.each(STATES)('[LAD2] with states %s and %s is %s', (a, b, expected) => {
    const { first, second, next } = chain()
    first.is = a
    second.is = b
    expect(next()).toBe(expected)
  })

  it('[LAD2] is not one that is out, unless all are: then the first of them', () => {
    const { roster, first, second, next } = chain()
    roster.begin(first, undefined).failed(new Error('gone'), true)
    expect(next()).toBe('b')
    expect(roster.reasonFor({ member: first }, NONE)).toBe('failed')
    roster.begin(second, undefined).failed(new Error('gone'), true)
    expect(next()).toBe('a')
  })

  it('[LAD2] is still one that refused what a caller asked, however often: others may ask better', () => {
    const { roster, first, next } = chain()
    const refused = {
      code: 'engine_failed',
      engineId: 'a@1',
      stage: 'llm',
      transient: false,
      blames: 'request',
    } as const
    for (let i = 0; i < 10; i++) roster.begin(first, undefined).failed(new FaultError(refused), false)
    expect(next()).toBe('a')
  })

  it('[LAD2] is one that was out after its time, for one request at a time', async () => {
    const { clock, roster, first, next } = chain()
    roster.begin(first, undefined).failed(new Error('gone'), true)
    await clock.advance(OUT_MS)
    expect(next()).toBe('a')
    const trial = roster.begin(first, undefined)
    expect(next()).toBe('b')
    trial.cancelled()
    expect(next()).toBe('a')
    const second = roster.begin(first, undefined)
    second.answered()
    second.failed(new Error('only the first outcome counts'), true)
    expect(next()).toBe('a')
  })
})
