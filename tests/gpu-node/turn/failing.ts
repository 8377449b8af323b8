// Faults of engines, and how a session is seen to go on after one. For the tests of failures.
import { afterEach, beforeEach, expect } from 'vitest'
import type { Fault, Stage } from '#shared/fault.ts'
import type { UnnumberedDown } from '#shared/protocol/session-messages.ts'
import type { TurnWorld } from './turn-world.ts'

export const failed = (stage: Stage, transient = false): Fault => ({
  code: 'engine_failed',
  engineId: `scripted-${stage}@1`,
  stage,
  transient,
  detail: 'secret detail',
})
/** Longer than any limit, in milliseconds. */
export const HANGS = 10 ** 9

/** A bug in the middle of an effect: the first message of this type meets it. */
export function breaksAt(type: UnnumberedDown['type']): (message: UnnumberedDown) => void {
  let isBroken = false
  return (message) => {
    if (isBroken || message.type !== type) return
    isBroken = true
    throw new Error('a bug')
  }
}

/** The turn after the failed one is an ordinary one, and nothing of the failed one is left. */
export async function goesOn(world: TurnWorld): Promise<void> {
  await world.ask()
  await world.clock.advance(5_000)
  expect(world.records.at(-1)).toMatchObject({ status: 'complete', replyText: 'Better.' })
  expect(world.engines.stt.openStreams).toBe(0)
  expect(world.clock.pending).toBe(0)
}

/** Fails the test in which a promise was rejected and nobody looked. */
export function expectNoUnhandledRejections(): void {
  const rejections: unknown[] = []
  const onRejection = (reason: unknown): void => void rejections.push(reason)
  beforeEach(() => {
    rejections.length = 0
    process.on('unhandledRejection', onRejection)
  })
  afterEach(() => {
    process.off('unhandledRejection', onRejection)
    expect(rejections).toEqual([])
  })
}
