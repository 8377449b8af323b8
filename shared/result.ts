// The outcome of pure code that can fail as expected. Asynchronous code throws FaultError instead.
import type { Fault } from './fault.ts'

export type Result<T, F = Fault> = { ok: true; value: T } | { ok: false; fault: F }

export const ok = <T>(value: T): { ok: true; value: T } => ({ ok: true, value })
export const fail = <F>(fault: F): { ok: false; fault: F } => ({ ok: false, fault })
