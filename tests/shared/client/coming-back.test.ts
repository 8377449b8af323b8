// How soon a client is back: after many drops in a row, and where the device says that its network changed.
import { describe, expect, it } from 'vitest'
import { PROBE_MS } from '#shared/client/caller-socket.ts'
import { createLiveWorld, FAST_TRY_MS, partial, resumed } from './client-world.ts'

describe('coming back', () => {
  it('[CLT18] twenty drops in a row, each after something was carried, never lengthen the wait', async () => {
    const { clock, dials, states } = await createLiveWorld()
    for (let drop = 1; drop <= 20; drop++) {
      dials.last.say(partial(drop))
      dials.last.fail()
      await clock.advance(FAST_TRY_MS)
      expect(dials.all).toHaveLength(drop + 1)
      dials.last.open().say(resumed(0, `token${drop}`))
    }
    expect(states.at(-1)).toBe('ready')
  })

  it('[CLT18] connections that carry nothing are dialled ever more slowly', async () => {
    const { clock, dials } = await createLiveWorld()
    for (let drop = 1; drop <= 4; drop++) {
      dials.last.fail()
      await clock.advance(5_000)
      dials.last.open().say(resumed(0, `token${drop}`))
    }
    dials.last.fail()
    const before = dials.all.length
    await clock.advance(FAST_TRY_MS)
    expect(dials.all).toHaveLength(before)
  })

  it('[CLT19] a client that waits dials at once', async () => {
    const { clock, dials, client } = await createLiveWorld()
    dials.last.fail(4503)
    const before = dials.all.length
    client.networkChanged()
    await clock.settle()
    expect(dials.all).toHaveLength(before + 1)
    dials.last.open().say(resumed(0, 'token2'))
    await clock.advance(10 * FAST_TRY_MS)
    expect(dials.all).toHaveLength(before + 1)
  })

  it('[CLT19] a dial by the network that was is made anew', async () => {
    const { clock, dials, client } = await createLiveWorld()
    dials.last.fail()
    await clock.advance(FAST_TRY_MS)
    const dialled = dials.last
    client.networkChanged()
    await clock.settle()
    expect([dialled.readyState, dials.last === dialled]).toEqual([3, false])
  })

  it('[CLT19] a connected client whose edge answers keeps its socket; one whose edge is silent is lost within a second', async () => {
    const { clock, dials, client, states } = await createLiveWorld()
    client.networkChanged()
    client.networkChanged()
    expect(dials.last.sent.filter((frame) => frame === '{"type":"ping"}')).toHaveLength(1)
    dials.last.say('{"type":"pong"}')
    await clock.advance(PROBE_MS)
    expect(states.at(-1)).toBe('ready')
    client.networkChanged()
    await clock.advance(PROBE_MS)
    expect(states.at(-1)).toBe('reconnecting')
    await clock.advance(FAST_TRY_MS)
    expect(dials.all).toHaveLength(2)
  })

  it('[CLT19] a client that has ended stays so', async () => {
    const { clock, dials, client } = await createLiveWorld()
    dials.last.fail(4403)
    client.networkChanged()
    await clock.advance(60_000)
    expect([dials.all.length, clock.pending]).toEqual([1, 0])
  })
})
