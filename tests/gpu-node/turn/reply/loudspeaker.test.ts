// The loudspeaker that the node imagines: what it has played by now, and how long until it has played all of it.
import { describe, expect, it } from 'vitest'
import { Loudspeaker } from '#gpu-node/turn/reply/loudspeaker.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

/** One sample a millisecond. */
const RATE = 1_000
const MARGIN_MS = 200

function world() {
  const clock = createVirtualClock()
  return { clock, speaker: new Loudspeaker(clock, RATE) }
}

describe('while it is paused its time stands still', () => {
  it('[TUR12] what was reported before the pause is as old after it', async () => {
    const { clock, speaker } = world()
    speaker.sent(1_000)
    await clock.advance(100)
    speaker.report(100)
    speaker.pause()
    expect(speaker.leftMs(MARGIN_MS, 60_000)).toBe(900 + MARGIN_MS)
    await clock.advance(30_000)
    expect(speaker.leftMs(MARGIN_MS, 60_000)).toBe(900 + MARGIN_MS)
    speaker.resume()
    expect(speaker.leftMs(MARGIN_MS, 60_000)).toBe(900 + MARGIN_MS)
    await clock.advance(900)
    expect(speaker.leftMs(MARGIN_MS, 60_000)).toBe(MARGIN_MS)
  })

  it('[TUR12] a client that reports no progress has as long after the pause as before it', async () => {
    const { clock, speaker } = world()
    speaker.sent(5_000)
    speaker.report(0)
    await clock.advance(100)
    speaker.pause()
    await clock.advance(30_000)
    speaker.resume()
    expect(speaker.leftMs(MARGIN_MS, 2_000)).toBe(1_900)
  })

  it('[TUR12] what is not played yet is as far away after the pause', async () => {
    const { clock, speaker } = world()
    speaker.sent(1_000)
    await clock.advance(400)
    speaker.pause()
    await clock.advance(30_000)
    speaker.resume()
    expect([speaker.heardSamples(), speaker.leftMs(0, 60_000)]).toEqual([400, 600])
    await clock.advance(100)
    expect(speaker.heardSamples()).toBe(500)
  })

  it('[TUR10] two pauses in a row add up; pausing twice is pausing once', async () => {
    const { clock, speaker } = world()
    speaker.sent(1_000)
    for (const ms of [5_000, 7_000]) {
      speaker.pause()
      await clock.advance(ms)
      speaker.pause()
      speaker.resume()
      speaker.resume()
    }
    expect(speaker.waitMs(0, 0)).toBe(1_000)
  })
})

it('[TUR16] a report never lowers what was reported, and never passes what was sent', () => {
  const { speaker } = world()
  speaker.sent(500)
  for (const [reported, heard] of [
    [300, 300],
    [200, 300],
    [9_000, 500],
  ] as const) {
    speaker.report(reported)
    expect(speaker.heardSamples()).toBe(heard)
  }
})

it('[TUR12] a report that is ahead brings the end nearer, and makes room for more', () => {
  const { speaker } = world()
  speaker.sent(1_000)
  expect(speaker.waitMs(100, 1_000)).toBe(100)
  speaker.report(400)
  expect(speaker.waitMs(100, 1_000)).toBe(-300)
  expect(speaker.heardSamples()).toBe(400)
})
