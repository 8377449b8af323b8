// Restoring, undoing, and what happens where it ends in the middle: on real files.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BackupError } from '#edge/backup/backup-error.ts'
import { listingDeletions } from '#edge/runtime/node/backup/deletion-list.ts'
import {
  planRestore,
  restoreBackup,
  undoRestore,
  type RestoreOptions,
  type RestorePlan,
} from '#edge/runtime/node/backup/restore.ts'
import { restoreAudio } from '#edge/runtime/node/backup/stage.ts'
import { readPlan, refuseHalfRestored, swapIn } from '#edge/runtime/node/backup/swap.ts'
import { openDatabase } from '#edge/runtime/node/database.ts'
import { createStore, type Store } from '#edge/store/store.ts'
import { systemClock } from '#shared/clock.ts'
import { lockDataFolder } from '#shared/on-node/data-folder-lock.ts'
import { BackupWorld, clockAt, idleWork } from './backup-world.ts'

let world: BackupWorld
beforeEach(async () => {
  world = await new BackupWorld().open()
})
afterEach(() => world.close())

function optionsFor(data = world.data, given: Partial<RestoreOptions> = {}): RestoreOptions {
  const keptFiles = {
    'signing-secret': join(data, 'signing-secret'),
    'first-key': join(data, 'first-key'),
    'node-token': join(data, 'node-token'),
    'gpu-node.toml': join(data, 'machine', 'gpu-node.toml'),
    'dot-env': join(data, 'machine', '.env'),
  }
  const confirm = (): Promise<boolean> => Promise.resolve(true)
  const { backups } = world
  return {
    dataDir: data,
    backups,
    database: join(data, 'edge.db'),
    blobs: join(data, 'blobs'),
    keptFiles,
    clock: systemClock,
    confirm,
    ...given,
  }
}

const restore = (options = optionsFor(), work = idleWork()) => restoreBackup(options, work)

async function withRestored<T>(run: (store: Store) => Promise<T>, data = world.data): Promise<T> {
  const database = await openDatabase({ url: pathToFileURL(join(data, 'edge.db')).href })
  try {
    return await run(createStore(database.db))
  } finally {
    await database.close()
  }
}

const turnsIn = (data = world.data): Promise<number> =>
  withRestored(async ({ history }) => (await history.search(world.userId, 'word', 200)).length, data)

describe('a restore', () => {
  it('[RST1] brings back database, audio and secrets, and keeps what was there', async () => {
    const hash = await world.talk()
    await world.take()
    await world.talk()
    await world.closeDatabase()
    rmSync(join(world.blobs, hash))
    writeFileSync(join(world.data, 'signing-secret'), 'another\n')
    const restored = await restore()
    expect(restored).toMatchObject({ plan: { lostTurns: 1 }, audio: { files: 1, missing: 0 } })
    expect(await turnsIn()).toBe(1)
    expect(existsSync(join(world.blobs, hash))).toBe(true)
    expect(readFileSync(join(world.data, 'signing-secret'), 'utf8')).toBe('signing-secret of old\n')
    expect(readdirSync(restored?.before ?? '')).toEqual(expect.arrayContaining(['edge.db', 'blobs', 'signing-secret']))
  })

  it('[RST3] onto a bare machine brings all of it back', async () => {
    await world.talk()
    await world.take()
    const bare = join(world.root, 'bare')
    expect(await restore(optionsFor(bare))).toMatchObject({ plan: { lostTurns: null }, audio: { files: 1 } })
    expect(await turnsIn(bare)).toBe(1)
    expect(await withRestored(({ keys }) => keys.callerByKey(world.key, 2), bare)).toMatchObject({
      userId: world.userId,
    })
  })

  it('[RST3] brings the configuration of the machine only where there is none', async () => {
    const toml = join(world.root, 'gpu-node.toml')
    writeFileSync(toml, 'slots = 2\n')
    await world.take({ keptFiles: { 'gpu-node.toml': toml } })
    const bare = join(world.root, 'bare')
    mkdirSync(join(bare, 'machine'), { recursive: true })
    await restore(optionsFor(bare))
    expect(readFileSync(join(bare, 'machine', 'gpu-node.toml'), 'utf8')).toBe('slots = 2\n')
    writeFileSync(join(bare, 'machine', 'gpu-node.toml'), 'slots = 3\n')
    await restore(optionsFor(bare, { clock: clockAt(() => Date.now() + 1_000) }))
    expect(readFileSync(join(bare, 'machine', 'gpu-node.toml'), 'utf8')).toBe('slots = 3\n')
  })

  it('[RST2] takes the newest before a time', async () => {
    const start = Date.now()
    await world.talk()
    const first = await world.take({ clock: clockAt(() => start) })
    await world.talk()
    await world.take({ clock: clockAt(() => start + 60_000) })
    expect((await planRestore(optionsFor(world.data, { at: start + 30_000 }))).manifest.id).toBe(first.manifest.id)
    await expect(planRestore(optionsFor(world.data, { at: start - 1 }))).rejects.toThrow(
      /no backup that was taken before/,
    )
  })

  it('[RST4] is refused while an edge or a node has the folder', async () => {
    await world.take()
    for (const holder of ['edge', 'node'] as const) {
      const letGo = lockDataFolder(world.data, holder)
      await expect(restore()).rejects.toThrow('invalid_message')
      await letGo()
    }
  })

  it('[RST5] says first what will be lost, and does nothing where nobody wants it', async () => {
    await world.talk()
    await world.take()
    await world.talk()
    await world.closeDatabase()
    const plans: RestorePlan[] = []
    const confirm = (plan: RestorePlan): Promise<boolean> => Promise.resolve(plans.push(plan) === 0)
    expect(await restore(optionsFor(world.data, { confirm }))).toBeUndefined()
    expect(plans).toMatchObject([{ lostTurns: 1, deletions: 0 }])
    expect(await turnsIn()).toBe(2)
  })

  it('[RST6] does later deletions and revocations again: nobody who left comes back', async () => {
    const hash = await world.talk()
    const kept = await world.talk({ isNew: true })
    const gone = await world.store.keys.createKey({ name: 'gone', scopes: ['talk'], userId: world.userId, now: 1 })
    await world.take()
    const listed = listingDeletions(world.store, world.backups)
    const [first] = await world.store.history.search(world.userId, 'word 1', 9)
    await listed.edits.deleteConversation('everybody', first?.conversationId ?? 'cnv_none')
    await listed.keys.revokeKey(gone.keyId, 5)
    await world.closeDatabase()
    expect(await restore()).toMatchObject({ plan: { deletions: 2 }, audio: { files: 1 } })
    expect(await turnsIn()).toBe(1)
    expect([existsSync(join(world.blobs, hash)), existsSync(join(world.blobs, kept))]).toEqual([false, true])
    expect(await withRestored(({ keys }) => keys.callerByKey(gone.key, 6))).toBeUndefined()
  })

  it('[RST6] a whole user stays deleted', async () => {
    await world.talk()
    await world.take()
    await listingDeletions(world.store, world.backups).edits.leave(world.userId, { now: 5 })
    await world.closeDatabase()
    await restore()
    expect(await turnsIn()).toBe(0)
    expect(await withRestored(({ keys }) => keys.callerByKey(world.key, 6))).toBeUndefined()
  })

  it('[RST7] is undone', async () => {
    await world.talk()
    await world.take()
    await world.talk()
    await world.closeDatabase()
    const restored = await restore()
    const told: Array<number | null> = []
    await undoRestore(optionsFor(), (turns) => Promise.resolve(told.push(turns) > 0))
    expect(told).toEqual([0])
    expect(await turnsIn()).toBe(2)
    expect([existsSync(restored?.before ?? ''), readPlan(world.data)]).toEqual([false, undefined])
    await expect(undoRestore(optionsFor(), () => Promise.resolve(true))).rejects.toThrow(/nothing was restored/)
  })
})

describe('a restore that ends in the middle', () => {
  const NAMES = ['edge.db', 'edge.db-wal', 'edge.db-shm', 'blobs', 'signing-secret']

  /** The state on the disk after each rename of the swap, made by hand. */
  async function endedAfter(renames: number): Promise<void> {
    const staging = join(world.data, 'restore.part')
    mkdirSync(join(staging, 'blobs'), { recursive: true })
    for (const name of ['edge.db', 'signing-secret']) writeFileSync(join(staging, name), 'new')
    const items = NAMES.map((name) => ({ name, live: join(world.data, name) }))
    const old = new Map(NAMES.map((name) => [name, existsSync(join(world.data, name))]))
    const before = join(world.root, 'aside')
    mkdirSync(before)
    for (const name of NAMES) if (old.get(name)) renameSync(join(world.data, name), join(before, name))
    for (const name of NAMES) if (old.get(name)) renameSync(join(before, name), join(world.data, name))
    const plan = await swapIn(world.data, { id: 'x', at: 1, items })
    const steps = plan.items.flatMap(({ name, live, hadOld, hasNew }) => [
      ...(hadOld ? [[live, join(plan.before, name)] as const] : []),
      ...(hasNew ? [[join(staging, name), live] as const] : []),
    ])
    for (const [from, to] of steps.slice(renames).toReversed()) renameSync(to, from)
    writeFileSync(join(world.data, 'restored.json'), JSON.stringify({ ...plan, phase: 'swapping' }))
  }

  it.each([0, 1, 2, 3, 4, 5, 6])(
    '[RST8] after %i renames: the edge refuses it, and it is undone or done again',
    async (renames) => {
      await world.talk()
      await world.take()
      await world.talk()
      await world.closeDatabase()
      await endedAfter(renames)
      expect(() => refuseHalfRestored(world.data)).toThrow('invalid_message')
      if (renames % 2 === 0) {
        await undoRestore(optionsFor(), () => Promise.resolve(true))
        expect(await turnsIn()).toBe(2)
      } else {
        await restore()
        expect(await turnsIn()).toBe(1)
      }
      expect(() => refuseHalfRestored(world.data)).not.toThrow()
    },
  )

  it('[RST8] while it stages: nothing live has changed, and it goes on where it was', async () => {
    await world.talk()
    await world.take()
    await world.talk()
    await world.closeDatabase()
    const stop = new AbortController()
    const progress = (): void => stop.abort('shutdown')
    await expect(restore(optionsFor(), { ...idleWork(stop.signal), progress })).rejects.toBeDefined()
    expect(await turnsIn()).toBe(2)
    await restore()
    expect([await turnsIn(), existsSync(join(world.data, 'restore.part'))]).toEqual([1, false])
  })
})

describe('losses', () => {
  beforeEach(async () => {
    for (let i = 0; i < 3; i += 1) await world.talk()
  })

  it.each([
    ['is cut off', (file: string) => writeFileSync(file, readFileSync(file).subarray(0, 5_000))],
    ['has a page of nonsense', (file: string) => writeFileSync(file, readFileSync(file).fill(0xff, 4_096, 8_192))],
    ['is gone', (file: string) => rmSync(file)],
  ])('[RST9] a live database that %s comes back', async (_, harm) => {
    await world.take()
    await world.closeDatabase()
    harm(world.file)
    await restore()
    expect(await turnsIn()).toBe(3)
  })

  it('[RST9] a live database whose write-ahead log is lost or nonsense comes back', async () => {
    await world.take()
    await world.closeDatabase()
    writeFileSync(`${world.file}-wal`, Buffer.alloc(50_000, 7))
    await restore()
    expect(await turnsIn()).toBe(3)
  })

  it('[RST10] audio that the backup lacks is told, and the rest comes back', async () => {
    await world.take()
    await world.closeDatabase()
    const stored = readdirSync(join(world.backups, 'audio', 'files'), { recursive: true })
      .map(String)
      .find((name) => name.length > 60)
    rmSync(join(world.backups, 'audio', 'files', stored ?? ''))
    rmSync(world.blobs, { recursive: true })
    expect(await restore()).toMatchObject({ audio: { files: 2, missing: 1 } })
  })

  it.each([
    ['counts', (manifest: object) => ({ ...manifest, counts: { turn: 9 } })],
    ['a newer schema', (manifest: object) => ({ ...manifest, schema: { migrations: 9_999 } })],
    [
      'another hash',
      (manifest: { database: object }) => ({ ...manifest, database: { ...manifest.database, sha256: '0'.repeat(64) } }),
    ],
    ['a path', (manifest: object) => ({ ...manifest, files: [{ name: '../x', bytes: 1, sha256: '0'.repeat(64) }] })],
  ])('[RST11] a manifest with forged %s changes nothing', async (_, forge) => {
    const { manifest } = await world.take()
    await world.talk()
    await world.closeDatabase()
    writeFileSync(join(world.backups, 'db', manifest.id, 'manifest.json'), JSON.stringify(forge(manifest)))
    await expect(restore()).rejects.toThrow(BackupError)
    expect([await turnsIn(), readPlan(world.data)]).toEqual([4, undefined])
  })

  it('[RST12] recordings alone come back beside a running edge', async () => {
    await world.take()
    const [first = '', second = ''] = readdirSync(world.blobs)
    rmSync(join(world.blobs, first))
    writeFileSync(join(world.blobs, second), 'damaged')
    const letGo = lockDataFolder(world.data, 'edge')
    const found = await restoreAudio({ backups: world.backups, database: world.file, blobs: world.blobs }, idleWork())
    await letGo()
    expect(found).toEqual({ restored: 2, good: 1, missing: 0 })
    expect(readFileSync(join(world.blobs, second)).length).toBe(3_000)
  })
})
