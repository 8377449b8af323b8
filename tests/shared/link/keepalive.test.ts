import { expect, it } from 'vitest'
import { startKeepalive } from '#shared/link/keepalive.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

function keepalive() {
  const clock = createVirtualClock()
  const startedAt = clock.now()
  const pings: number[] = []
  const deaths: number[] = []
  const alive = startKeepalive({
    clock,
    pingEveryMs: 2_000,
    deadAfterMs: 8_000,
    send: (text) => {
      expect(text).toBe('{"type":"ping"}')
      pings.push(clock.now() - startedAt)
    },
    onDead: () => deaths.push(clock.now() - startedAt),
  })
  return { clock, pings, deaths, alive }
}

it('[LNK14] a silent peer is pinged, then dead at its time, once, and no timer is left', async () => {
  const { clock, pings, deaths } = keepalive()
  await clock.advance(60_000)
  expect(pings).toEqual([2_000, 4_000, 6_000])
  expect(deaths).toEqual([8_000])
  expect(clock.pending).toBe(0)
})

it('[LNK14] any frame of the peer begins its silence anew', async () => {
  const { clock, deaths, alive } = keepalive()
  for (let i = 0; i < 10; i++) {
    await clock.advance(7_900)
    alive.heard()
  }
  expect(deaths).toEqual([])
  await clock.advance(7_999)
  expect(deaths).toEqual([])
  await clock.advance(1)
  expect(deaths).toEqual([87_000])
})

it('[LNK17] a ping is left out where frames went both ways since the last one, and no death is put off by that', async () => {
  const { clock, pings, deaths, alive } = keepalive()
  for (let i = 0; i < 10; i++) {
    await clock.advance(1_000)
    alive.sent()
    alive.heard()
  }
  expect(pings).toEqual([])
  // The peer says nothing more, though this end goes on.
  for (let i = 0; i < 8; i++) {
    alive.sent()
    await clock.advance(1_000)
  }
  expect(pings).toEqual([14_000, 16_000])
  expect(deaths).toEqual([18_000])
})

it.each([
  ['sends nothing, so that the peer would take it for dead', 'heard' as const],
  ['hears nothing', 'sent' as const],
])('[LNK17] an end that %s pings on', async (_what, verb) => {
  const { clock, pings, alive } = keepalive()
  for (let i = 0; i < 7; i++) {
    await clock.advance(1_000)
    alive[verb]()
  }
  expect(pings).toEqual([2_000, 4_000, 6_000])
})

it('[LNK14] a stopped keepalive says nothing more', async () => {
  const { clock, pings, deaths, alive } = keepalive()
  alive.stop()
  await clock.advance(60_000)
  expect([pings, deaths, clock.pending]).toEqual([[], [], 0])
})
