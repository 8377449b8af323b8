// Ends what is left of an engine, from this run or an earlier one, and nothing else: a process is ours when it carries the
// engine's mark, or is in the tree of a leader that carries it and is the very process that was written down.
import type { Clock } from '#shared/clock.ts'
import { findMarked, isMarked, readProcess, readProcesses, treeOf, type ProcessEntry } from './proc-table.ts'
import { readPidfile, type PidRecord } from './pidfile.ts'

const LOOK_AGAIN_MS = 50
/** A process in an uninterruptible call of the driver does not end sooner, and perhaps not at all. */
const SWEEP_TIMEOUT_MS = 10_000

export interface Swept {
  /** All that was found, gone or not: the card may list them a little longer. */
  found: number[]
  /** What does not end. */
  left: number[]
}

export async function sweep(pidfile: string, clock: Clock): Promise<Swept> {
  const found = new Set<number>()
  const until = clock.now() + SWEEP_TIMEOUT_MS
  for (;;) {
    const left = await findOwn(pidfile)
    if (left.length === 0 || clock.now() >= until) return { found: [...found], left }
    for (const pid of left) {
      found.add(pid)
      kill(pid)
    }
    await clock.sleep(LOOK_AGAIN_MS)
  }
}

/** The pid of another node that lives and runs this engine: what it runs is not left over. */
export async function findOtherOwner(pidfile: string): Promise<number | undefined> {
  const owner = readPidfile(pidfile)?.owner
  if (!owner || owner.pid === process.pid) return undefined
  const entry = await readProcess(owner.pid)
  return entry?.startTime === owner.startTime ? owner.pid : undefined
}

/** The pids of all processes of this engine that live. */
export async function findOwn(pidfile: string): Promise<number[]> {
  const table = await readProcesses()
  const marked = await findMarked(table, pidfile)
  const record = readPidfile(pidfile)
  const tree = record && (await isTheSame(table, record, pidfile)) ? treeOf(table, record.pid) : []
  return [...new Set([...marked, ...tree].map(({ pid }) => pid))]
}

/** A pid is given again to others: its start time and the mark tell. */
async function isTheSame(table: readonly ProcessEntry[], record: PidRecord, pidfile: string): Promise<boolean> {
  const entry = table.find(({ pid }) => pid === record.pid)
  return entry?.startTime === record.startTime && (await isMarked(record.pid, pidfile))
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    // ESRCH: it ended meanwhile, which was wanted. EPERM: it became another user's, and is told as left.
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}
