// What a Linux machine tells of a program that runs (proc(5)). Used by decode.ts.
import { readFile } from 'node:fs/promises'

/** The page size of every Linux on x86-64 and of most on ARM. If pages are larger, more memory is in use than is counted. */
const PAGE_BYTES = 4_096
/** USER_HZ, which is 100 on every Linux that Node runs on. */
const TICK_MS = 10

/** 0 where the machine does not tell, or the program is gone. */
export async function residentBytes(pid: number | undefined): Promise<number> {
  try {
    const [, pages] = (await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ')
    return Number(pages) * PAGE_BYTES
  } catch {
    return 0
  }
}

/** Processor time of all its threads; Infinity where the machine does not tell. */
export async function computedMs(pid: number | undefined): Promise<number> {
  try {
    // The name before it, in brackets, may hold anything; the two are the 14th and 15th of all fields.
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS
  } catch {
    return Infinity
  }
}
