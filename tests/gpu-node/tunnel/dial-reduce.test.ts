// The states of a connection that is to be kept, as a table.
import { describe, expect, it } from 'vitest'
import type { DialEvent, DialState } from '#gpu-node/tunnel/dial-state.ts'
import { reduceDial } from '#gpu-node/tunnel/dial-reduce.ts'
import type { ConnectionEnd } from '#gpu-node/tunnel/refusal.ts'
import { isPermanentForNode, isPermanentForSession, readRefusal } from '#gpu-node/tunnel/refusal.ts'

const NOW = 100_000
const end: ConnectionEnd = { wasOpen: true, reason: 'cable' }
const ended = (facts: Partial<Extract<DialEvent, { type: 'ended' }>> = {}): DialEvent => ({
  type: 'ended',
  end,
  isPermanent: false,
  ...facts,
})
const states: DialState[] = [
  { type: 'idle' },
  { type: 'dialling', lostAt: NOW - 4_000 },
  { type: 'open' },
  { type: 'waiting', lostAt: NOW - 4_000 },
  { type: 'stopped' },
]
const step = (state: DialState, event: DialEvent) => reduceDial(state, event, { now: NOW, giveUpAfterMs: 10_000 })
const outcome = (state: DialState, event: DialEvent) => {
  const { state: after, effects } = step(state, event)
  return [after.type, ...effects.map(({ type }) => type)].join(' ')
}

describe('dial-reduce', () => {
  it('[TUN1] a connection that is to be kept goes from state to state by this table and no other way', () => {
    const events: Record<string, DialEvent> = {
      start: { type: 'start' },
      opened: { type: 'opened' },
      ended: ended(),
      refused: ended({ isPermanent: true }),
      broke: { type: 'broke', end, isPermanent: false },
      brokeForGood: { type: 'broke', end, isPermanent: true },
      due: { type: 'due' },
      stop: { type: 'stop' },
    }
    const table = Object.fromEntries(
      Object.entries(events).map(([name, event]) => [name, states.map((state) => outcome(state, event))]),
    )
    expect(table).toEqual({
      //        idle             dialling             open                    waiting            stopped
      start: ['dialling dial', 'dialling', 'open', 'waiting', 'stopped'],
      opened: ['idle', 'open serve', 'open', 'waiting', 'stopped'],
      ended: ['idle', 'waiting wait', 'waiting lost wait', 'waiting', 'stopped'],
      refused: ['idle', 'stopped giveUp', 'stopped lost giveUp', 'waiting', 'stopped'],
      broke: ['idle', 'waiting cut wait', 'waiting cut lost wait', 'waiting wait', 'stopped close'],
      brokeForGood: ['idle', 'stopped cut giveUp', 'stopped cut lost giveUp', 'waiting wait', 'stopped close'],
      due: ['idle', 'dialling', 'open', 'dialling dial', 'stopped'],
      stop: ['stopped close', 'stopped close', 'stopped close', 'stopped close', 'stopped'],
    })
  })

  it('[TUN20] one that was given up tells its owner again where a bug may have kept it from him', () => {
    expect(outcome({ type: 'stopped', gaveUp: end }, { type: 'broke', end, isPermanent: true })).toBe(
      'stopped close giveUp',
    )
  })

  it('[TUN2] a connection that has been away for its bound, or would be when the edge allows the next dial, is given up', () => {
    const away = { type: 'dialling', lostAt: NOW - 10_000 } as const
    expect(outcome(away, ended())).toBe('stopped giveUp')
    const asked = ended({ end: { ...end, retryAfterMs: 6_001 } })
    expect(outcome({ type: 'dialling', lostAt: NOW - 4_000 }, asked)).toBe('stopped giveUp')
    expect(step({ type: 'dialling', lostAt: NOW - 4_000 }, ended()).effects).toEqual([
      { type: 'wait', retryAfterMs: undefined, leftMs: 6_000 },
    ])
  })
})

describe('refusal', () => {
  it.each([
    [401, true, true],
    [403, true, true],
    [426, true, true],
    [404, false, true],
    [409, false, true],
    [429, false, false],
    [502, false, false],
    [503, false, false],
  ])('[TUN3] HTTP %i stops a control link: %s, a data link: %s', (status, forNode, forSession) => {
    const refusal = readRefusal(status, undefined, '')
    expect([isPermanentForNode(refusal), isPermanentForSession(refusal)]).toEqual([forNode, forSession])
  })

  it.each([
    [1000, false, true],
    [1001, false, false],
    [1006, false, false],
    [4100, false, false],
    [4101, true, true],
    [4401, true, true],
    [4409, false, true],
    [4410, false, true],
    [4503, false, false],
  ])('[TUN3] a close with %i stops a control link: %s, a data link: %s', (closeCode, forNode, forSession) => {
    const closed = { wasOpen: true, closeCode, reason: '' }
    expect([isPermanentForNode(closed), isPermanentForSession(closed)]).toEqual([forNode, forSession])
  })

  it('[TUN4] the wait that the edge asks for is read from the fault, else from the header, and is bounded', () => {
    const body = JSON.stringify({ fault: { code: 'no_capacity', retryAfterMs: 700 } })
    expect(readRefusal(503, '9', body)).toMatchObject({ code: 'no_capacity', retryAfterMs: 700 })
    expect(readRefusal(503, '9', '<html>')).toMatchObject({ code: undefined, retryAfterMs: 9_000 })
    expect(readRefusal(503, 'Wed, 21 Oct 2026 07:28:00 GMT', '').retryAfterMs).toBeUndefined()
    expect(readRefusal(503, '999999', '').retryAfterMs).toBe(300_000)
  })
})
