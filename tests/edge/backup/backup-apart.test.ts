// A backup in a process of its own, as a task of a running edge has it.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Progress } from '#edge/backup/work.ts'
import { takeBackupApart, verifyBackupApart } from '#edge/runtime/node/backup/backup-apart.ts'
import { lockDataFolder } from '#shared/on-node/data-folder-lock.ts'
import { BackupWorld, idleWork } from './backup-world.ts'

let world: BackupWorld
beforeEach(async () => {
  world = await new BackupWorld().open()
  await world.talk()
})
afterEach(() => world.close())

const options = () => {
  const { clock: _clock, ...rest } = world.options()
  return rest
}

it('[BAK13] is taken and verified, and says how far it is', async () => {
  const steps: Progress[] = []
  const { manifest } = await takeBackupApart(options(), { ...idleWork(), progress: (progress) => steps.push(progress) })
  expect(manifest.counts['turn']).toBe(1)
  expect(steps.length).toBeGreaterThan(0)
  expect(await verifyBackupApart({ backups: world.backups }, idleWork())).toMatchObject({ problems: [], turns: 1 })
})

it('[BAK13] is stopped by its signal and leaves nothing half done', async () => {
  const stop = new AbortController()
  const progress = (): void => stop.abort(new Error('shutdown'))
  await expect(takeBackupApart(options(), { ...idleWork(stop.signal), progress })).rejects.toThrow('shutdown')
  expect(readdirSync(join(world.backups, 'db'))).toEqual([])
})

it('[BAK13] says why it failed', async () => {
  await expect(verifyBackupApart({ backups: world.backups }, idleWork())).rejects.toThrow(/there is no backup/)
  await takeBackupApart(options(), idleWork())
  const letGo = lockDataFolder(world.backups, 'backup')
  await expect(takeBackupApart(options(), idleWork())).rejects.toThrow(/is in use by another backup/)
  await letGo()
})
