// Which backups are kept. Days are counted among the backups themselves and not back from now: a clock that jumps a year ahead, or
// weeks without a backup, drop none. Knows no file system.
import { dayOf } from '#shared/day.ts'
import type { BackupKind } from './manifest.ts'

/** What the id alone says. */
export interface Dated {
  id: string
  sequence: number
  takenAt: number
}

export interface KnownBackup extends Dated {
  kind: BackupKind
}

/** Days with a database. */
const DATABASE_DAYS = 7
/** Days with a list of audio; a file is kept while a kept list names it. */
const AUDIO_DAYS = 30
const WEEKLIES = 5
const MONTHLIES = 12
/** The newest ones are kept whatever their day: a second backup of one day does not drop the first at once. */
const NEWEST = 3

interface Kept {
  /** Ids of backups whose database is kept. */
  databases: Set<string>
  /** Ids of backups whose list of audio is kept. */
  audio: Set<string>
}

/** A list of audio outlives its database. */
export function chooseKept(backups: readonly KnownBackup[], lists: readonly Dated[]): Kept {
  const sorted = newestFirst(backups)
  const databases = new Set([
    ...sorted.slice(0, NEWEST).map(({ id }) => id),
    ...newestOfDays(sorted, DATABASE_DAYS),
    ...ofKind(sorted, 'weekly', WEEKLIES),
    ...ofKind(sorted, 'monthly', MONTHLIES),
  ])
  return { databases, audio: new Set([...databases, ...newestOfDays(newestFirst(lists), AUDIO_DAYS)]) }
}

export function newestFirst<T extends Dated>(backups: readonly T[]): T[] {
  return backups.toSorted((a, b) => b.sequence - a.sequence)
}

/** The newest that was taken at `at` or before. */
export function newestBefore<T extends Dated>(backups: readonly T[], at: number): T | undefined {
  return newestFirst(backups).find(({ takenAt }) => takenAt <= at)
}

function newestOfDays(sorted: readonly Dated[], days: number): string[] {
  const byDay = new Map<string, string>()
  for (const { id, takenAt } of sorted) {
    const day = dayOf(takenAt)
    if (!byDay.has(day) && byDay.size < days) byDay.set(day, id)
  }
  return [...byDay.values()]
}

const ofKind = (sorted: KnownBackup[], kind: BackupKind, count: number): string[] =>
  sorted
    .filter((one) => one.kind === kind)
    .slice(0, count)
    .map(({ id }) => id)
