// The client and an edge that says when to come back, in virtual time.
import { describe, expect, it } from 'vitest'
import { CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import { createLiveWorld, FAST_TRY_MS, resumed, type ClientWorld } from './client-world.ts'

const GOAWAY = { type: 'goaway', retryAfterMs: 3_000 }

/** How long after now the next dial comes. */
async function nextDial({ clock, dials }: ClientWorld): Promise<number> {
  const [from, before] = [clock.now(), dials.all.length]
  await clock.advanceUntil(() => dials.all.length > before)
  return clock.now() - from
}

describe('a client that is sent away', () => {
  it('[GOA1] comes back no earlier than it was asked to, and resumes', async () => {
    const world = await createLiveWorld()
    world.dials.last.say(GOAWAY)
    await world.clock.advance(1_000)
    world.dials.last.fail(CLOSE_RESUME)
    expect(await nextDial(world)).toBe(2_000)
    expect(world.dials.last.url.search).toContain('session=ses_call1')
    world.dials.last.open().say(resumed(0, 'token2'))
    expect(world.states).toEqual(['ready', 'reconnecting', 'ready'])
    expect(world.unreadable).toEqual([])
  })

  it('[GOA1] waits as long when the socket just breaks, and when a dial fails meanwhile', async () => {
    const world = await createLiveWorld()
    world.dials.last.say({ ...GOAWAY, retryAfterMs: 4_000 })
    world.dials.last.fail()
    expect(await nextDial(world)).toBe(4_000)
    world.dials.last.fail()
    expect(await nextDial(world)).toBe(FAST_TRY_MS)
  })

  it('[GOA2] begins its new session no earlier either, where the edge ended the old one', async () => {
    const world = await createLiveWorld()
    world.dials.last.say(GOAWAY)
    await world.clock.advance(500)
    world.dials.last.say({ type: 'session.ended', id: 'msg_over', reason: 'shutdown' })
    expect(await nextDial(world)).toBe(2_500)
    expect(world.dials.last.url.search).not.toContain('session=')
  })

  it('[GOA2] does not wait for what was asked long ago, nor where nothing was asked', async () => {
    const world = await createLiveWorld()
    world.dials.last.fail()
    expect(await nextDial(world)).toBe(FAST_TRY_MS)
    world.dials.last.open().say(resumed(0, 'token2'))
    world.dials.last.say(GOAWAY)
    await world.clock.advance(5_000)
    world.dials.last.fail()
    expect(await nextDial(world)).toBe(FAST_TRY_MS)
  })
})
