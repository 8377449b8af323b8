// What the scripted engines share: their names, their failures, their waits. Used by tests/fakes/scripted-*.ts.
import type { Clock } from '#shared/clock.ts'
import type { Fault } from '#shared/fault.ts'
import { FaultError } from '#shared/fault.ts'
import type { EngineInfo, EngineRole } from '#shared/model/engine.ts'

/** A sample above this is speech to the scripted engines: they hear loudness, so any loud tone is a voice. */
export const LOUD = 0.05

export const scripted = (role: EngineRole, name = `scripted-${role}`): EngineInfo => ({
  role,
  name,
  version: '1',
  demonstration: true,
})

/** What a script may say instead of a text: a fault, or any other error as a bug. */
export type Failure = { fault: Fault } | { bug: string }
export const errorOf = (failure: Failure): Error =>
  'fault' in failure ? new FaultError(failure.fault) : new Error(failure.bug)

/** No timer for no time: an engine that is as fast as can be. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await clock.sleep(ms, signal)
}
