// The second copy of backups: to a folder, to a store in memory that speaks S3, and by rsync where it is installed; encrypted for an identity
// of the test.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readPlaceAddress } from '#edge/backup/place-address.ts'
import { restoreBackup } from '#edge/runtime/node/backup/restore.ts'
import { openPlace, type Place } from '#edge/runtime/node/backup/places.ts'
import { encrypterFor, fetchBackup, outgoingOf, sendBackups } from '#edge/runtime/node/backup/second-copy.ts'
import { systemClock } from '#shared/clock.ts'
import { startS3Server, type S3Server } from '#tests/fakes/s3-server.ts'
import { BackupWorld, idleWork } from './backup-world.ts'

const KEYS = { accessKeyId: 'test-key', secretAccessKey: 'test-secret' }
const hasRsync = spawnSync('rsync', ['--version'], { stdio: 'ignore' }).status === 0

let world: BackupWorld
let store: S3Server
let identity: string
let recipient: string
beforeEach(async () => {
  world = await new BackupWorld().open()
  store = await startS3Server(KEYS.accessKeyId)
  identity = await generateIdentity()
  recipient = await identityToRecipient(identity)
  await world.talk()
  await world.take()
})
afterEach(async () => {
  await store.close()
  await world.close()
})

const folder = (): string => join(world.root, 'second')
const addressOf = (kind: string): string =>
  kind === 's3' ? `s3://bucket/parley?endpoint=${encodeURIComponent(store.url)}&region=auto` : `${kind}:${folder()}`
const place = (kind: string): Place => openPlace(readPlaceAddress(addressOf(kind)), outgoingOf(world.backups), KEYS)
const send = (kind: string) =>
  sendBackups({ backups: world.backups, place: place(kind), encrypter: encrypterFor(recipient) }, idleWork())
const fetched = (): string => join(world.root, 'fetched')
const fetchIt = (kind: string, by = identity) =>
  fetchBackup({ place: place(kind), identity: by, into: fetched() }, idleWork())

describe.each(['folder', 's3', ...(hasRsync ? ['rsync'] : [])])('a second copy: %s', (kind) => {
  it('[BAK14] [BAK16] is encrypted, sent once, fetched by its identity and restored', async () => {
    const sent = await send(kind)
    expect(sent.files).toBeGreaterThan(5)
    expect((await send(kind)).files).toBe(0)
    const contents =
      kind === 's3'
        ? [...store.objects.values()]
        : readdirSync(folder(), { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map((entry) => readFileSync(join(entry.parentPath, entry.name)))
    for (const content of contents) {
      expect(content.subarray(0, 21).toString()).toBe('age-encryption.org/v1')
      expect(content.includes('signing-secret of old')).toBe(false)
    }
    const { id } = await fetchIt(kind)
    const bare = join(world.root, 'bare')
    const at = (name: string): string => join(bare, name)
    const keptFiles = {
      'signing-secret': at('signing-secret'),
      'first-key': at('first-key'),
      'node-token': at('node-token'),
    }
    const restored = await restoreBackup(
      {
        dataDir: bare,
        backups: fetched(),
        database: at('edge.db'),
        blobs: at('blobs'),
        keptFiles: { ...keptFiles, 'gpu-node.toml': at('g'), 'dot-env': at('e') },
        clock: systemClock,
        confirm: () => Promise.resolve(true),
      },
      idleWork(),
    )
    expect(restored).toMatchObject({ plan: { manifest: { id } }, audio: { files: 1, missing: 0 } })
    expect(readFileSync(at('signing-secret'), 'utf8')).toBe('signing-secret of old\n')
  })
})

describe('a second copy', () => {
  it.each([undefined, 'ssh-rsa AAAA', 'age1nonsense'])('[BAK14] without a recipient is refused: %s', (wrong) => {
    expect(() => encrypterFor(wrong)).toThrow('invalid_message')
  })

  it.each(['/mnt/x', 'ftp://x', 'rsync:-e evil', 's3://'])('[BAK14] %s is no place', (address) => {
    expect(() => readPlaceAddress(address)).toThrow('invalid_message')
  })

  it('[BAK15] a folder of backups that was emptied here empties nothing there', async () => {
    await send('folder')
    const before = readdirSync(folder(), { recursive: true }).length
    rmSync(join(world.backups, 'audio'), { recursive: true })
    rmSync(join(world.backups, 'db'), { recursive: true })
    expect(await send('folder')).toMatchObject({ removed: 0 })
    expect(readdirSync(folder(), { recursive: true })).toHaveLength(before)
  })

  it('[BAK16] another identity or a damaged file is told', async () => {
    await send('folder')
    await expect(fetchIt('folder', await generateIdentity())).rejects.toThrow(/cannot be opened/)
    await expect(fetchIt('folder', 'nonsense')).rejects.toThrow('invalid_message')
    const [id = ''] = readdirSync(join(folder(), 'db'))
    const file = join(folder(), 'db', id, 'edge.db.zst.age')
    writeFileSync(file, readFileSync(file).subarray(0, 300))
    await expect(fetchIt('folder')).rejects.toThrow(/cannot be opened/)
  })
})
