// Which backups are kept, decided on plain values.
import { describe, expect, it } from 'vitest'
import { backupId, readBackupId, readManifest } from '#edge/backup/manifest.ts'
import { chooseKept, newestBefore, type KnownBackup } from '#edge/backup/retention.ts'
import { DAY_MS } from '#shared/day.ts'

const START = Date.UTC(2026, 0, 1, 3)

function daily(days: number, from = START): KnownBackup[] {
  return Array.from({ length: days }, (_, at) => ({
    id: `b${at}`,
    sequence: at + 1,
    takenAt: from + at * DAY_MS,
    kind: 'daily' as const,
  }))
}

const idsOf = (kept: Set<string>): string[] => [...kept].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)))

describe('retention', () => {
  it('[BAK7] keeps the databases of seven days and the audio of thirty', () => {
    const all = daily(40)
    const kept = chooseKept(all, all)
    expect(idsOf(kept.databases)).toEqual(['b33', 'b34', 'b35', 'b36', 'b37', 'b38', 'b39'])
    expect(kept.audio.size).toBe(30)
    expect(kept.audio.has('b9')).toBe(false)
  })

  it('[BAK7] keeps weekly and monthly ones longer, with their audio', () => {
    const all = daily(60).map((one, at) => ({ ...one, kind: at === 0 ? ('monthly' as const) : one.kind }))
    const kept = chooseKept(all, all)
    expect([kept.databases.has('b0'), kept.audio.has('b0')]).toEqual([true, true])
  })

  it('[BAK7] a second backup of one day does not drop the first', () => {
    const all = daily(2).map((one) => ({ ...one, takenAt: START }))
    expect(chooseKept(all, all).databases.size).toBe(2)
  })

  it.each([
    ['a year ahead', 365 * DAY_MS],
    ['a year back', -365 * DAY_MS],
  ])('[BAK8] a clock that was set %s drops no more than one day does, and the order stays', (_, moved) => {
    const all = daily(8).map((one) => (one.sequence === 8 ? { ...one, takenAt: one.takenAt + moved } : one))
    const kept = chooseKept(all, all)
    expect(idsOf(kept.databases)).toEqual(['b1', 'b2', 'b3', 'b4', 'b5', 'b6', 'b7'])
  })

  it('[RST2] the newest before a time is found by time', () => {
    expect(newestBefore(daily(5), START + 2.5 * DAY_MS)?.id).toBe('b2')
    expect(newestBefore(daily(5), START - 1)).toBeUndefined()
  })
})

describe('the manifest', () => {
  it('[BAK8] an id says its time and its place in the order', () => {
    const id = backupId(START, 12)
    expect(readBackupId(id)).toEqual({ id, takenAt: START, sequence: 12 })
    expect(readBackupId('../../etc')).toBeUndefined()
  })

  it.each(['', '{}', '{"format":"parley-backup","formatVersion":1}', '[]'])(
    '[BAK6] %s is refused as a manifest',
    (text) => {
      expect(() => readManifest(text, backupId(START, 1))).toThrow(/is not one of ours/)
    },
  )
})
