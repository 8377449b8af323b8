// A disk that fills up in the middle: a small file system in memory, which a stranger fills while the work goes on.
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { restoreBackup } from '#edge/runtime/node/backup/restore.ts'
import { readPlan } from '#edge/runtime/node/backup/swap.ts'
import { systemClock } from '#shared/clock.ts'
import { canMount } from '#tests/tooling/machine.ts'
import { BackupWorld, idleWork } from './backup-world.ts'

/** What a backup wants beforehand, and little more. */
const DISK_MB = 68

function fill(folder: string): void {
  const file = openSync(join(folder, 'ballast'), 'w')
  for (const bytes of [1 << 20, 1 << 12]) {
    const piece = Buffer.alloc(bytes)
    try {
      for (;;) writeSync(file, piece)
    } catch {
      // Full.
    }
  }
  closeSync(file)
}

describe.skipIf(!canMount())('a disk that fills up', () => {
  let world: BackupWorld
  let disk: string
  beforeEach(async () => {
    world = await new BackupWorld().open()
    disk = join(world.root, 'disk')
    mkdirSync(disk)
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'tmpfs', disk]).status).toBe(0)
    for (let i = 0; i < 10; i += 1) await world.talk()
  })
  afterEach(async () => {
    spawnSync('umount', ['--lazy', disk])
    await world.close()
  })

  it.each(['audio', 'packing'])('[BAK5] while a backup does its %s: it says so and leaves nothing', async (step) => {
    const backups = join(disk, 'backups')
    const progress = (at: { step: string }): void => {
      if (at.step === step && !existsSync(join(disk, 'ballast'))) fill(disk)
    }
    await expect(world.take({ backups }, { ...idleWork(), progress })).rejects.toThrow(/the disk is full/)
    expect([readdirSync(join(backups, 'db')), readdirSync(join(backups, 'audio', 'lists'))]).toEqual([[], []])
    rmSync(join(disk, 'ballast'))
    expect((await world.take({ backups })).manifest.counts['turn']).toBe(10)
  })

  it('[BAK5] a disk that is too small is refused before anything is written', async () => {
    const backups = join(disk, 'backups')
    mkdirSync(backups)
    const file = openSync(join(disk, 'ballast'), 'w')
    writeSync(file, Buffer.alloc(10 << 20))
    closeSync(file)
    await expect(world.take({ backups })).rejects.toThrow(/not enough space .* are needed, .* are free/)
  })

  it('[RST13] in the middle of a restore: nothing live has changed, and nothing of it is left', async () => {
    await world.take()
    const data = join(disk, 'data')
    const keptFiles = { 'signing-secret': '', 'first-key': '', 'node-token': '', 'gpu-node.toml': '', 'dot-env': '' }
    const progress = (at: { step: string }): void => {
      if (at.step === 'audio') fill(disk)
    }
    const restoring = restoreBackup(
      {
        dataDir: data,
        backups: world.backups,
        database: join(data, 'edge.db'),
        blobs: join(data, 'blobs'),
        keptFiles,
        clock: systemClock,
        confirm: () => Promise.resolve(true),
      },
      { ...idleWork(), progress },
    )
    await expect(restoring).rejects.toThrow(/the disk is full/)
    expect([readPlan(data), existsSync(join(data, 'restore.part')), existsSync(join(data, 'edge.db'))]).toEqual([
      undefined,
      false,
      false,
    ])
  })
})
