// What the node writes down of an engine that it started, so that its next run finds what this one may leave. One file an
// engine; its path is the engine's mark, too.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import * as v from 'valibot'
import { parseStat, type ProcessEntry } from './proc-table.ts'

const ProcessName = v.object({ pid: v.number(), startTime: v.number() })

const PidRecord = v.object({
  pid: v.number(),
  pgid: v.number(),
  startTime: v.number(),
  /** The node that started it. */
  owner: ProcessName,
})
export type PidRecord = v.InferOutput<typeof PidRecord>

/** Undefined when there is none, or none that can be read: then the mark alone finds what is left. */
export function readPidfile(file: string): PidRecord | undefined {
  try {
    return v.parse(PidRecord, JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return undefined
  }
}

/** At once, not later: between the start and this line a killed node would leave no trace. */
export function writePidfile(file: string, pid: number): void {
  const child = entryOf(pid)
  const owner = entryOf(process.pid)
  // Ended already, and its exit is on its way.
  if (!child || !owner) return
  const record: PidRecord = { pid, pgid: child.group, startTime: child.startTime, owner }
  writeFileSync(file, JSON.stringify(record), { mode: 0o600 })
}

export function removePidfile(file: string): void {
  rmSync(file, { force: true })
}

function entryOf(pid: number): ProcessEntry | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return undefined
  }
}
