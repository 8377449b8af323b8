// Taking and proving backups, on real files.
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getTableConfig, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BackupError } from '#edge/backup/backup-error.ts'
import { BLOB_COLUMNS } from '#edge/runtime/node/backup/database-facts.ts'
import { findBackups } from '#edge/runtime/node/backup/folders.ts'
import { verifyBackup } from '#edge/runtime/node/backup/verify-backup.ts'
import * as turns from '#edge/store/schema/turns.ts'
import * as voices from '#edge/store/schema/voices.ts'
import { systemClock } from '#shared/clock.ts'
import { DAY_MS } from '#shared/day.ts'
import { BackupWorld, clockAt, idleWork } from './backup-world.ts'

let world: BackupWorld
beforeEach(async () => {
  world = await new BackupWorld().open()
})
afterEach(() => world.close())

const verify = () => verifyBackup({ backups: world.backups, clock: systemClock, onSpace: () => {} }, idleWork())
const storedFiles = () =>
  readdirSync(join(world.backups, 'audio', 'files'), { recursive: true })
    .map(String)
    .filter((name) => /[\da-f]{64}/.test(name))

describe('taking a backup', () => {
  it('[BAK1] has database, audio and secrets, with counts, sizes and hashes, and is proved good', async () => {
    const hash = await world.talk()
    await world.talk({ isNew: true })
    const { manifest, added } = await world.take()
    expect(manifest.counts).toMatchObject({ turn: 2, conversation: 2, turn_audio: 2, user: 1 })
    expect([added, manifest.audio.files, manifest.audio.gone]).toEqual([2, 2, 0])
    expect(manifest.files.map(({ name }) => name)).toEqual(['signing-secret', 'first-key', 'node-token'])
    expect(storedFiles().some((name) => name.includes(hash))).toBe(true)
    expect(await verify()).toMatchObject({ problems: [], conversations: 2, audioOfConversations: 2, turns: 2 })
  })

  it('[BAK2] is taken while the edge writes, and is one moment of it', async () => {
    await world.talk()
    const taking = world.take()
    for (let i = 0; i < 5; i += 1) await world.talk()
    const { manifest } = await taking
    expect(manifest.counts['turn']).toBeGreaterThan(0)
    expect((await verify()).problems).toEqual([])
  })

  it('[BAK3] stores audio once, packs what gains enough and leaves the rest as it is', async () => {
    const noise = await world.talk({ audio: randomBytes(50_000) })
    const silence = await world.talk({ audio: new Uint8Array(50_000) })
    await world.take()
    const second = await world.take()
    expect([second.added, second.manifest.audio.files]).toEqual([0, 2])
    const names = storedFiles().map((name) => name.slice(3))
    expect(names.toSorted()).toEqual([noise, `${silence}.zst`].toSorted())
    expect(second.manifest.audio.storedBytes).toBeLessThan(60_000)
  })

  it('[BAK3] every column of the schema that names a blob is known to the backup', () => {
    const tables = [...Object.values(turns), ...Object.values(voices)].filter((one) => one instanceof SQLiteTable)
    const named = tables.flatMap((one) => {
      const { name, columns } = getTableConfig(one)
      return columns
        .map((column) => `${name}.${column.name}`)
        .filter((column) => /sha256|turn_audio\.(utterance|reply)/.test(column))
    })
    expect(BLOB_COLUMNS.map((names) => names.join('.')).toSorted()).toEqual(named.toSorted())
  })

  it('[BAK4] audio that was deleted meanwhile is marked as gone, and audio that is damaged is told', async () => {
    const gone = await world.talk()
    const damaged = await world.talk()
    rmSync(join(world.blobs, gone))
    writeFileSync(join(world.blobs, damaged), 'other')
    const taken = await world.take()
    expect([taken.manifest.audio.gone, taken.damaged]).toEqual([2, 1])
    expect((await verify()).problems).toEqual([])
  })

  it('[BAK5] a backup that is stopped leaves nothing', async () => {
    await world.talk()
    const stop = new AbortController()
    const progress = (): void => stop.abort('shutdown')
    await expect(world.take({}, { ...idleWork(stop.signal), progress })).rejects.toBeDefined()
    expect(readdirSync(join(world.backups, 'db'))).toEqual([])
    expect(readdirSync(join(world.backups, 'audio', 'lists'))).toEqual([])
  })

  it('[BAK5] what a killed one left is swept by the next', async () => {
    await world.talk()
    const { manifest } = await world.take()
    const left = join(world.backups, 'db', `${manifest.id}0.part`)
    writeFileSync(left, '')
    await world.take()
    expect(existsSync(left)).toBe(false)
  })

  it('[BAK9] of two at once the second is refused', async () => {
    await world.talk()
    const first = world.take()
    await expect(world.take()).rejects.toThrow('invalid_message')
    expect((await first).manifest.sequence).toBe(1)
  })

  it('[BAK10] ends rather than let the write-ahead log grow over its bound', async () => {
    await world.talk()
    const impatient = { ...systemClock, every: (_: number, run: () => void) => systemClock.every(1, run) }
    await expect(world.take({ maxWalBytes: 0, clock: impatient })).rejects.toThrow(/write-ahead log grew over/)
    expect(findBackups(world.backups).good).toEqual([])
  })

  it('[BAK7] drops old databases at once and their audio only when no kept list names it', async () => {
    const first = await world.talk()
    const start = Date.now()
    await world.take({ clock: clockAt(() => start) })
    rmSync(join(world.blobs, first))
    await world.store.edits.deleteConversation(world.userId, world.conversationId)
    world.conversationId = 'cnv_none'
    await world.talk()
    for (let day = 1; day <= 31; day += 1) await world.take({ clock: clockAt(() => start + day * DAY_MS) })
    expect(findBackups(world.backups).good).toHaveLength(7)
    expect(storedFiles()).toHaveLength(1)
  }, 60_000)
})

describe('losses', () => {
  it.each([
    [
      'the database is cut off',
      (folder: string) =>
        writeFileSync(join(folder, 'edge.db.zst'), readFileSync(join(folder, 'edge.db.zst')).subarray(0, 100)),
    ],
    ['a byte of the database is flipped', (folder: string) => flip(join(folder, 'edge.db.zst'))],
    ['the database is missing', (folder: string) => rmSync(join(folder, 'edge.db.zst'))],
    ['a secret is forged', (folder: string) => writeFileSync(join(folder, 'signing-secret'), 'forged')],
  ])('[BAK6] verify says that %s', async (_, harm) => {
    await world.talk()
    const { manifest } = await world.take()
    harm(join(world.backups, 'db', manifest.id))
    expect((await verify()).problems.length).toBeGreaterThan(0)
  })

  it('[BAK6] verify holds the manifest to what it finds', async () => {
    await world.talk()
    const { manifest } = await world.take()
    const file = join(world.backups, 'db', manifest.id, 'manifest.json')
    writeFileSync(file, JSON.stringify({ ...manifest, counts: { ...manifest.counts, turn: 7 } }))
    expect((await verify()).problems).toContain('turn has 1 rows, the manifest says 7')
    const files = [{ ...manifest.files[0], name: '../../outside' }]
    writeFileSync(file, JSON.stringify({ ...manifest, files }))
    await expect(verify()).rejects.toThrow(BackupError)
  })

  it('[BAK6] damaged audio is named, put aside, and stored anew by the next backup', async () => {
    const hash = await world.talk()
    await world.take()
    const stored = storedFiles()[0] ?? ''
    flip(join(world.backups, 'audio', 'files', stored))
    expect((await verify()).problems.join()).toContain(hash)
    expect((await world.take()).added).toBe(1)
    expect((await verify()).problems).toEqual([])
  })

  it('[BAK11] a live database that is damaged gives no backup', async () => {
    for (let i = 0; i < 20; i += 1) await world.talk()
    await world.closeDatabase()
    const bytes = readFileSync(world.file)
    bytes.fill(0xff, 4096 * 3, 4096 * 30)
    writeFileSync(world.file, bytes)
    await expect(world.take()).rejects.toThrow(BackupError)
    writeFileSync(world.file, bytes.subarray(0, Math.floor(bytes.length / 2)))
    await expect(world.take()).rejects.toThrow(BackupError)
    expect(findBackups(world.backups)).toEqual({ good: [], bad: [] })
  })

  it('[BAK1] only its owner can read it', async () => {
    await world.talk()
    const { manifest } = await world.take()
    const folder = join(world.backups, 'db', manifest.id)
    for (const name of readdirSync(folder)) expect([name, statSync(join(folder, name)).mode & 0o077]).toEqual([name, 0])
  })
})

function flip(file: string): void {
  const bytes = readFileSync(file)
  const at = Math.floor(bytes.length / 2)
  bytes[at] = (bytes[at] ?? 0) ^ 0xff
  writeFileSync(file, bytes)
}
