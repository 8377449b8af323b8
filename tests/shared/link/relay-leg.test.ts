import { expect, it } from 'vitest'
import type { Fault } from '#shared/fault.ts'
import type { Frame } from '#shared/link/frame.ts'
import { RelayLeg } from '#shared/link/relay-leg.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

function relayLeg(options: { firstSeq?: number; isRecovered?: boolean } = {}) {
  const clock = createVirtualClock()
  const faults: Fault[] = []
  const sent: Frame[] = []
  const leg = new RelayLeg({ clock, ...options, onOverflow: (fault) => faults.push(fault) })
  return { clock, faults, sent, leg, send: (frame: Frame): void => void sent.push(frame) }
}

it('[LNK3] the origin is acknowledged what the far end acknowledged, never what was only taken', () => {
  const { leg, send } = relayLeg()
  leg.attachFar(send, 0)
  for (let seq = 1; seq <= 5; seq++) leg.take(seq, `${seq}`)
  expect([leg.received, leg.farReceived]).toEqual([5, 0])
  leg.acked(3)
  leg.acked(2)
  expect([leg.received, leg.farReceived]).toEqual([5, 3])
})

it('[LNK3] a far end that claims more than it was sent is not believed', () => {
  const { leg, sent, send } = relayLeg()
  leg.attachFar(send, 0)
  leg.take(1, '1')
  leg.acked(4_000_000_000)
  expect([leg.received, leg.farReceived]).toEqual([1, 1])
  expect(leg.take(2, '2')).toBe('relayed')
  expect(sent).toEqual(['1', '2'])
})

it('[LNK11] frames keep their origin’s number: taken once, and never past a gap', () => {
  const { leg, sent, send } = relayLeg({ firstSeq: 7 })
  leg.attachFar(send, 6)
  expect([leg.take(7, 'a'), leg.take(7, 'a'), leg.take(9, 'c'), leg.take(8, 'b'), leg.take(6, 'z')]).toEqual([
    'relayed',
    'duplicate',
    'gap',
    'relayed',
    'duplicate',
  ])
  expect(sent).toEqual(['a', 'b'])
})

it('[LNK11] a far end that comes back gets what it lacks, then what is new', () => {
  const { leg, sent, send } = relayLeg()
  for (let seq = 1; seq <= 3; seq++) leg.take(seq, `${seq}`)
  leg.attachFar(send, 1)
  leg.take(4, '4')
  leg.detachFar()
  leg.take(5, '5')
  leg.attachFar(send, 3)
  expect(sent).toEqual(['2', '3', '4', '4', '5'])
})

it('[LNK8] over its bound a leg tells its owner once and passes on nothing more', async () => {
  const { clock, leg, sent, send, faults } = relayLeg()
  leg.take(1, '1')
  await clock.advance(60_001)
  leg.attachFar(send, 0)
  leg.take(2, '2')
  leg.take(3, '3')
  expect(sent).toEqual(['1'])
  expect(faults).toEqual([{ code: 'too_large', limit: 'replay', max: 60_000, got: 60_001, unit: 'ms' }])
})

it('[LNK2] a middle without memory learns where the link stands from the end that comes first', () => {
  const fromOrigin = relayLeg({ isRecovered: true })
  expect(fromOrigin.leg.take(41, '41')).toBe('relayed')
  fromOrigin.leg.take(42, '42')
  fromOrigin.leg.attachFar(fromOrigin.send, 41)
  expect(fromOrigin.sent).toEqual(['42'])

  const fromFarEnd = relayLeg({ isRecovered: true })
  fromFarEnd.leg.attachFar(fromFarEnd.send, 41)
  expect([fromFarEnd.leg.received, fromFarEnd.leg.take(41, '41'), fromFarEnd.leg.take(42, '42')]).toEqual([
    41,
    'duplicate',
    'relayed',
  ])
  expect(relayLeg().leg.take(41, '41')).toBe('gap')
})

it('[LNK12] another origin goes on where the lost one stopped, and what the far end lacks still reaches it', () => {
  const { leg, sent, send } = relayLeg()
  leg.take(1, 'old 1')
  leg.take(2, 'old 2')
  leg.restart(3)
  leg.take(3, 'new 3')
  leg.attachFar(send, 0)
  expect(sent).toEqual(['old 1', 'old 2', 'new 3'])
})

it('[LNK12] frames of a lost origin that another one makes anew are void', () => {
  const { leg, sent, send } = relayLeg()
  for (let seq = 1; seq <= 3; seq++) leg.take(seq, `old ${seq}`)
  leg.restart(2)
  expect([leg.received, leg.take(2, 'new 2')]).toEqual([1, 'relayed'])
  leg.attachFar(send, 0)
  expect(sent).toEqual(['old 1', 'new 2'])
})

it('[LNK16] a far end without numbers gets all that was not acknowledged; in a recovered leg the first number decides', () => {
  const { leg, sent, send } = relayLeg()
  for (let seq = 1; seq <= 3; seq++) leg.take(seq, `${seq}`)
  leg.acked(1)
  leg.attachFar(send)
  expect(sent).toEqual(['2', '3'])

  const recovered = relayLeg({ isRecovered: true })
  recovered.leg.attachFar(recovered.send)
  expect(recovered.leg.isBlank).toBe(true)
  expect(recovered.leg.take(58, '58')).toBe('relayed')
  expect(recovered.sent).toEqual(['58'])
})
