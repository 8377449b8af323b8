// Reads /proc: which processes there are, which are below which, and which carry an engine's mark. Linux only. Never
// blocking: an audio frame must not wait for it.
import { readdir, readFile } from 'node:fs/promises'
import { MARK } from './engine-environment.ts'

export interface ProcessEntry {
  pid: number
  parent: number
  group: number
  session: number
  /** In clock ticks since the boot: with the pid it names one process for ever. */
  startTime: number
}

/**
 * The line of /proc/<pid>/stat; undefined for a zombie, which holds nothing any more, unless only its first thread has ended.
 * The name may hold blanks and brackets.
 */
export function parseStat(text: string): ProcessEntry | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  // proc(5) counts from 1, and two fields stand before these.
  const field = (number: number): number => Number(fields[number - 3])
  const [state] = fields
  if ((state === 'Z' || state === 'X') && field(20) <= 1) return undefined
  return { pid: Number.parseInt(text, 10), parent: field(4), group: field(5), session: field(6), startTime: field(22) }
}

export async function readProcess(pid: number): Promise<ProcessEntry | undefined> {
  return readFile(`/proc/${pid}/stat`, 'utf8').then(parseStat, () => undefined)
}

export async function readProcesses(): Promise<ProcessEntry[]> {
  // Elsewhere than on Linux there is none, and no engine is started either.
  const names = await readdir('/proc').catch(() => [])
  const pids = names.filter((name) => /^\d+$/.test(name))
  const entries = await Promise.all(pids.map((pid) => readProcess(Number(pid))))
  return entries.filter((entry) => entry !== undefined)
}

/** The leader itself, its group and session, and all below any of them. */
export function treeOf(table: readonly ProcessEntry[], leader: number): ProcessEntry[] {
  const found = new Map(
    table
      .filter(({ pid, group, session }) => [pid, group, session].includes(leader))
      .map((entry) => [entry.pid, entry] as const),
  )
  // A Map that grows while it is walked is walked to its end.
  for (const { pid } of found.values()) for (const entry of table) if (entry.parent === pid) found.set(entry.pid, entry)
  return [...found.values()]
}

/** False also for another user's process, and for one that is gone. */
export async function isMarked(pid: number, mark: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
  return environment.split('\0').includes(`${MARK}=${mark}`)
}

export async function findMarked(table: readonly ProcessEntry[], mark: string): Promise<ProcessEntry[]> {
  const marks = await Promise.all(table.map(({ pid }) => isMarked(pid, mark)))
  return table.filter((_, at) => marks[at])
}
