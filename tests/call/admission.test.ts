// A card that fills up under a node: who talks goes on, who comes hears why he must wait, and gets in by himself.
import { describe, expect } from 'vitest'
import { it } from './call-test.ts'

describe.concurrent('a node that is full before its slots are', () => {
  it(
    '[ADM4] refuses new callers with the reason, which is counted; live ones go on',
    { timeout: 30_000 },
    async ({ start }) => {
      const card = { name: 'card', driver: null, usedBytes: 10, totalBytes: 24 }
      const world = await start({ nodes: [{ slots: 3, gpu: { latest: () => ({ at: Date.now(), ...card }) } }] })
      const live = await world.caller()
      await live.ready()
      card.usedBytes = 23
      const late = await world.caller()
      expect(await late.next('fault')).toMatchObject({ code: 'no_capacity', reason: 'vram' })
      expect(await world.metrics()).toMatch(/parley_placements_total\{outcome="refused",reason="vram"\} 1/)
      live.write('hello')
      expect(await live.next('reply.done')).toMatchObject({ status: 'complete' })
      card.usedBytes = 10
      await late.ready()
      late.write('hello')
      expect(await late.next('reply.done')).toMatchObject({ status: 'complete' })
    },
  )
})
