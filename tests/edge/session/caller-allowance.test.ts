// The buckets of one caller, by numbers alone.
import { describe, expect, it } from 'vitest'
import {
  BYTE_RATE,
  CallerAllowance,
  FRAME_RATE,
  JSON_RATE,
  MESSAGE_RATE,
  REFUSED_RATE,
  RESUME_RATE,
  TEXT_RATE,
  type Rate,
} from '#edge/session/caller-allowance.ts'
import type { Frame } from '#shared/link/frame.ts'
import { MAX_REPLAY_BYTES, MAX_UTTERANCE_FRAMES } from '#shared/protocol/limits.ts'

const NOW = 1_700_000_000_000
const DAY_MS = 86_400_000

/** How often it is admitted in a row. */
function count(admits: () => boolean): number {
  let times = 0
  while (times < 100_000 && admits()) times++
  return times
}

const frame = (bytes: number): Frame => new Uint8Array(bytes)
const NOTHING = frame(0)
const KIB = 'x'.repeat(1024)

const BUCKETS: Array<[string, Rate, (allowance: CallerAllowance, now: number) => boolean]> = [
  ['frames', FRAME_RATE, (allowance, now) => allowance.admits(NOTHING, now)],
  ['messages', MESSAGE_RATE, (allowance, now) => allowance.admits('', now)],
  ['JSON, in KiB', inKib(JSON_RATE), (allowance, now) => allowance.admits(KIB, now)],
  ['refused frames', REFUSED_RATE, (allowance, now) => allowance.admitsRefused(now)],
  ['texts', TEXT_RATE, (allowance, now) => allowance.admitsText(now)],
]

function inKib({ capacity, perSecond }: Rate): Rate {
  return { capacity: capacity / 1024, perSecond: perSecond / 1024 }
}

describe('what a caller may send', () => {
  it.each(BUCKETS)(
    '[HOS8] %s: so many at once, then what comes back each second',
    (_name, { capacity, perSecond }, admits) => {
      const allowance = new CallerAllowance()
      expect(count(() => admits(allowance, NOW))).toBe(capacity)
      expect(count(() => admits(allowance, NOW + 1_000))).toBe(Math.floor(perSecond))
      expect(count(() => admits(allowance, NOW + DAY_MS))).toBe(capacity)
    },
  )

  it('[HOS8] bytes are counted beside frames', () => {
    const allowance = new CallerAllowance()
    const largest = 64 * 1024
    expect(count(() => allowance.admits(frame(largest), NOW))).toBe(BYTE_RATE.capacity / largest)
    const small = frame(2 * 1024)
    expect(allowance.admits(small, NOW)).toBe(false)
    expect(count(() => allowance.admits(small, NOW + 1_000))).toBe(BYTE_RATE.perSecond / 2 / 1024)
  })

  it('[HOS8] a whole replay passes at once, and four times 48 kHz for ever', () => {
    const replay = new CallerAllowance()
    const bytes = Math.ceil(MAX_REPLAY_BYTES / MAX_UTTERANCE_FRAMES)
    const audio = frame(bytes)
    for (let sent = 0; sent < MAX_UTTERANCE_FRAMES; sent++) expect(replay.admits(audio, NOW)).toBe(true)

    const fast = new CallerAllowance()
    const frameOf20Ms = frame(8 + 48 * 20 * 2)
    let now = NOW
    const times = count(() => fast.admits(frameOf20Ms, (now += 1_000 / 200)))
    expect(times).toBe(100_000)
    expect(FRAME_RATE.perSecond).toBeGreaterThanOrEqual(4 * 61)
  })

  it('[HOS9] a resume makes it full again, six times at once and then every ten seconds', () => {
    const allowance = new CallerAllowance()
    const all = (now: number): number => count(() => allowance.admits(NOTHING, now))
    expect(all(NOW)).toBe(FRAME_RATE.capacity)
    for (let resume = 0; resume < RESUME_RATE.capacity; resume++) {
      allowance.resumed(NOW)
      expect(all(NOW)).toBe(FRAME_RATE.capacity)
    }
    allowance.resumed(NOW)
    expect(all(NOW)).toBe(0)
    expect(all(NOW + 9_000)).toBe(9 * FRAME_RATE.perSecond)
    allowance.resumed(NOW + 10_000)
    expect(all(NOW + 10_000)).toBe(FRAME_RATE.capacity)
  })

  it('[HOS9] refusals and texts are no part of a replay', () => {
    const allowance = new CallerAllowance()
    expect(count(() => allowance.admitsText(NOW))).toBe(TEXT_RATE.capacity)
    expect(count(() => allowance.admitsRefused(NOW))).toBe(REFUSED_RATE.capacity)
    allowance.resumed(NOW)
    expect([allowance.admitsText(NOW), allowance.admitsRefused(NOW)]).toEqual([false, false])
  })

  it('[HOS8] a clock that is set back locks nobody out', () => {
    const allowance = new CallerAllowance()
    count(() => allowance.admits(NOTHING, NOW))
    const before = NOW - DAY_MS
    expect(count(() => allowance.admits(NOTHING, before + 1_000))).toBe(0)
    expect(count(() => allowance.admits(NOTHING, before + 2_000))).toBe(FRAME_RATE.perSecond)
  })
})
