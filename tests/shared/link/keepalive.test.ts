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

it('[LNK14] a stopped keepalive says nothing more', async () => {
  const { clock, pings, deaths, alive } = keepalive()
  alive.stop()
  await clock.advance(60_000)
  expect([pings, deaths, clock.pending]).toEqual([[], [], 0])
})
