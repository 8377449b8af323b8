// What of a failure is logged: a fault with the kind of its cause, a bug with its stack, and never a message.
import { expect, it } from 'vitest'
import { logFailure } from '#gpu-node/turn/log-failure.ts'
import { FaultError } from '#shared/fault.ts'
import { createRecordingLog } from '#tests/fakes/recording-log.ts'

const loggedOf = (thrown: unknown): object | undefined => {
  const { log, lines } = createRecordingLog()
  logFailure(log, thrown, 'no snapshot')
  return lines[0]
}
const fault = { code: 'unavailable', what: 'stt', retryAfterMs: 1 } as const

it.each([
  ['of an error', new FaultError(fault, { cause: new TypeError('secret') }), 'TypeError'],
  ['of anything else', new FaultError(fault, { cause: 'secret' }), 'string'],
  ['of nothing', new FaultError(fault), undefined],
])('[TUR28] a fault %s is a warning with the kind of its cause', (_, thrown, cause) => {
  expect(loggedOf(thrown)).toMatchObject({ level: 'warn', facts: { fault, cause } })
})

it('[TUR28] a bug is an error with its stack', () => {
  const bug = new TypeError('x')
  expect(loggedOf(bug)).toMatchObject({ level: 'error', facts: { stack: bug.stack } })
  expect(loggedOf('thrown text')).toMatchObject({ level: 'error', facts: { stack: 'string' } })
})
