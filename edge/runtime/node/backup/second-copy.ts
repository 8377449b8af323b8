// A second copy of all backups in another place, only ever encrypted: for an age recipient, whose identity this machine does not have.
// What is there already is not sent again; a manifest is sent last, so a backup is whole there or is none. Fetched by its identity.
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeStream } from 'node:stream/web'
import { Decrypter, Encrypter } from 'age-encryption'
import { BackupError } from '#edge/backup/backup-error.ts'
import { MANIFEST_FILE, readBackupId, readManifest, type Manifest } from '#edge/backup/manifest.ts'
import { chooseKept, newestFirst } from '#edge/backup/retention.ts'
import type { Work } from '#edge/backup/work.ts'
import { invalid } from '#shared/fault.ts'
import { lockDataFolder } from '#shared/on-node/data-folder-lock.ts'
import { audioEntries } from './audio-copies.ts'
import { audioFile, audioList, databaseFolder, findBackups, findLists, makeFolder } from './folders.ts'
import type { Place } from './places.ts'

const AT_ONCE = 4
const ENDING = '.age'
const DELETIONS = 'deletions.jsonl'

/** The folder for what is on its way; the caller gives it to openPlace(). */
export const outgoingOf = (backups: string): string => join(backups, 'sending.part')

/** Throws FaultError invalid_message for what is no recipient: nothing leaves this machine unencrypted. */
export function encrypterFor(recipient: string | undefined): Encrypter {
  if (recipient === undefined)
    throw invalid('--recipient: an age recipient (age1…) is needed: a second copy is only ever encrypted')
  const encrypter = new Encrypter()
  try {
    encrypter.addRecipient(recipient)
  } catch (cause) {
    throw invalid('--recipient: must be an age recipient (age1…)', { cause })
  }
  return encrypter
}

export interface Sent {
  files: number
  bytes: number
  removed: number
}

/** Throws BackupError. */
export async function sendBackups(
  { backups, place, encrypter }: { backups: string; place: Place; encrypter: Encrypter },
  work: Work,
): Promise<Sent> {
  const letGo = lockDataFolder(backups, 'backup')
  const scratch = outgoingOf(backups)
  try {
    rmSync(scratch, { recursive: true, force: true })
    mkdirSync(scratch, { mode: 0o700 })
    const there = await place.list()
    const sent: Sent = { files: 0, bytes: 0, removed: 0 }
    const rest = namesOf(backups)
    for (const names of [rest.files, rest.manifests]) {
      const missing = names.filter((name) => name === DELETIONS || !there.has(name + ENDING))
      for (let at = 0; at < missing.length; at += AT_ONCE) {
        work.signal.throwIfAborted()
        work.progress({ step: 'sending', done: at, total: missing.length, unit: 'files' })
        await Promise.all(
          missing.slice(at, at + AT_ONCE).map(async (name, lane) => {
            const packed = join(scratch, `lane-${lane}`)
            await encryptInto(join(backups, name), packed, encrypter)
            sent.bytes += statSync(packed).size
            await place.put(name + ENDING, packed)
            rmSync(packed, { force: true })
            sent.files += 1
          }),
        )
      }
      await place.flush()
    }
    sent.removed = await thinOut(backups, place, there)
    return sent
  } finally {
    rmSync(scratch, { recursive: true, force: true })
    await letGo()
  }
}

/** Relative to the folder of backups, in the order of sending. */
function namesOf(backups: string): { files: string[]; manifests: string[] } {
  const files: string[] = existsSync(join(backups, DELETIONS)) ? [DELETIONS] : []
  const folder = join(backups, 'audio', 'files')
  for (const letters of existsSync(folder) ? readdirSync(folder) : [])
    for (const name of readdirSync(join(folder, letters)))
      if (/^[\da-f]{64}(\.zst)?$/.test(name)) files.push(join('audio', 'files', letters, name))
  for (const { id } of findLists(backups)) files.push(relative(backups, audioList(backups, id)))
  const manifests: string[] = []
  for (const { id } of findBackups(backups).good) {
    for (const name of readdirSync(databaseFolder(backups, id))) {
      const to = name === MANIFEST_FILE ? manifests : files
      to.push(relative(backups, join(databaseFolder(backups, id), name)))
    }
  }
  return { files, manifests }
}

const relative = (backups: string, file: string): string => file.slice(backups.length + 1)

/**
 * Removes there what is too old. What this machine does not know is kept: a folder that was emptied here, by whomever, empties nothing there.
 */
async function thinOut(backups: string, place: Place, there: Set<string>): Promise<number> {
  if (!place.remove) return 0
  const idOf = (name: string): string | undefined => /^(?:db|audio\/lists)\/([\dTZ-]+)/.exec(name)?.[1]
  const dated = [...new Set([...there].map(idOf))]
    .map((id) => readBackupId(id ?? ''))
    .filter((one) => one !== undefined)
  const own = new Set(findLists(backups).map(({ id }) => id))
  const kept = chooseKept(
    dated.map((one) => ({ ...one, kind: 'daily' as const })),
    dated,
  )
  const isOld = (id: string): boolean => !own.has(id) && !kept.audio.has(id)
  const left = dated.filter(({ id }) => !isOld(id))
  const isKnown = left.every(({ id }) => own.has(id)) && own.size > 0
  let removed = 0
  for (const name of there) {
    const id = idOf(name)
    const isOfOld = id !== undefined && isOld(id)
    const isUnnamed =
      isKnown && name.startsWith('audio/files/') && !existsSync(join(backups, name.slice(0, -ENDING.length)))
    if (!isOfOld && !isUnnamed) continue
    await place.remove(name)
    removed += 1
  }
  return removed
}

export interface Fetching {
  place: Place
  /** The text of an age identity, AGE-SECRET-KEY-1…; comments are left out. */
  identity: string
  /** An empty or new folder, for `parley restore --from`. */
  into: string
}

/** The newest backup of the place, opened. Throws BackupError. */
export async function fetchBackup({ place, identity, into }: Fetching, work: Work): Promise<Manifest> {
  const decrypter = decrypterFor(identity)
  const there = await place.list()
  const ids = newestFirst(
    [...there]
      .filter((name) => name.endsWith(MANIFEST_FILE + ENDING))
      .map((name) => readBackupId(name.split('/')[1] ?? ''))
      .filter((one) => one !== undefined),
  )
  const [newest] = ids
  if (!newest) throw new BackupError('there is no backup in that place')
  const { id } = newest
  const open = (name: string): Promise<void> => openInto(name, { place, decrypter, into })
  if (there.has(DELETIONS + ENDING)) await open(DELETIONS)
  const files = [...there].filter((name) => name.startsWith(`db/${id}/`)).map((name) => name.slice(0, -ENDING.length))
  for (const name of [...files, relative(into, audioList(into, id))]) await open(name)
  const manifest = readManifest(readFileSync(join(databaseFolder(into, id), MANIFEST_FILE), 'utf8'), id)
  let done = 0
  for await (const { hash, form } of audioEntries(into, id)) {
    work.signal.throwIfAborted()
    if (form === 'g') continue
    const file = audioFile(into, hash, form)
    if (!existsSync(file)) await open(relative(into, file))
    work.progress({ step: 'fetching', done: (done += 1), total: manifest.audio.files, unit: 'files' })
  }
  return manifest
}

function decrypterFor(identity: string): Decrypter {
  const decrypter = new Decrypter()
  const keys = identity
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  try {
    for (const key of keys) decrypter.addIdentity(key)
  } catch (cause) {
    throw invalid('--identity: must be a file with an age identity (AGE-SECRET-KEY-1…)', { cause })
  }
  if (keys.length === 0) throw invalid('--identity: must be a file with an age identity (AGE-SECRET-KEY-1…)')
  return decrypter
}

async function encryptInto(from: string, to: string, encrypter: Encrypter): Promise<void> {
  const plain = Readable.toWeb(createReadStream(from)) as ReadableStream<Uint8Array>
  const packed = await encrypter.encrypt(plain)
  await pipeline(Readable.fromWeb(packed as NodeStream), createWriteStream(to, { mode: 0o600 }))
}

async function openInto(
  name: string,
  { place, decrypter, into }: { place: Place; decrypter: Decrypter; into: string },
): Promise<void> {
  const to = join(into, name)
  makeFolder(dirname(to))
  const packed = `${to}${ENDING}`
  await place.get(name + ENDING, packed)
  try {
    const plain = await decrypter.decrypt(Readable.toWeb(createReadStream(packed)) as ReadableStream<Uint8Array>)
    await pipeline(Readable.fromWeb(plain as NodeStream), createWriteStream(to, { mode: 0o600 }))
  } catch (cause) {
    rmSync(to, { force: true })
    throw new BackupError(`${name} cannot be opened: it is damaged, or the identity is another one`, { cause })
  } finally {
    rmSync(packed, { force: true })
  }
}
