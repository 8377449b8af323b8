// Numbers of frames that cannot be read, in one direction of a session's link.
import { expect, it } from 'vitest'
import { Intake } from '#edge/session/intake.ts'
import type { Frame } from '#shared/link/frame.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

function intake() {
  const sent: Frame[] = []
  const made = new Intake(createVirtualClock(), () => {}, false)
  made.leg.attachFar((frame) => sent.push(frame), 0)
  return { made, sent }
}
const skipped = (seq: number): string => JSON.stringify({ type: 'message.skipped', seq })

it('[SES21] an unreadable frame that comes again fills no gap', () => {
  const { made, sent } = intake()
  for (let seq = 1; seq <= 3; seq++) made.take(seq, `${seq}`)
  made.skip(2)
  made.skip(3)
  expect(made.take(5, '5')).toBe('gap')
  expect(sent).toEqual(['1', '2', '3'])
})

it('[SES21] frames without a number fill the gap after them, and no larger one', () => {
  const { made, sent } = intake()
  made.skip(undefined)
  made.skip(undefined)
  expect([made.take(3, '3'), sent]).toEqual(['relayed', [skipped(1), skipped(2), '3']])
  made.skip(undefined)
  expect([made.take(6, '6'), made.leg.received]).toEqual(['gap', 4])
})

it('[SES21] an unreadable frame with its number is passed over at once, one that came too early is counted', () => {
  const { made, sent } = intake()
  made.skip(1)
  expect(sent).toEqual([skipped(1)])
  made.skip(3)
  expect(sent).toHaveLength(1)
  expect(made.take(3, '3')).toBe('relayed')
  expect(sent.slice(1)).toEqual([skipped(2), '3'])
  // What was counted is over with the number that was taken.
  expect(made.take(5, '5')).toBe('gap')
})

it('[SES21] with the socket of the origin its unreadable frames are forgotten', () => {
  const { made } = intake()
  made.skip(undefined)
  made.originLost()
  expect(made.take(2, '2')).toBe('gap')
})
