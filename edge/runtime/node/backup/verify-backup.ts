// Proves a backup: hashes every file of it as a stream, unpacks the database and ten conversations with their audio, migrates, checks and
// counts. What is damaged is named, and damaged audio is put aside, so that the next backup stores it anew.
import { randomInt } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as v from 'valibot'
import { BackupError } from '#edge/backup/backup-error.ts'
import { DATABASE_FILE, type Manifest } from '#edge/backup/manifest.ts'
import type { Work } from '#edge/backup/work.ts'
import { openDatabase } from '#edge/runtime/node/database.ts'
import type { Clock } from '#shared/clock.ts'
import { lockDataFolder } from '#shared/on-node/data-folder-lock.ts'
import { audioEntries } from './audio-copies.ts'
import { factsOf, faultsOf, withFile } from './database-facts.ts'
import { audioFile, audioList, chooseBackup, databaseFolder } from './folders.ts'
import { readBlob, sha256Of, unpack, writeWhole } from './stored-file.ts'
import { inWords, requireSpace } from './take-backup.ts'

const SAMPLED_CONVERSATIONS = 10
/** Ten conversations with their audio. */
const SAMPLE_BYTES = 256 * 1024 * 1024
const AT_ONCE = 4

const Verification = v.object({
  id: v.string(),
  at: v.number(),
  tookMs: v.number(),
  /** Files whose hash was proved. */
  files: v.number(),
  bytes: v.number(),
  conversations: v.number(),
  audioOfConversations: v.number(),
  turns: v.number(),
  /** Empty where the backup is good. */
  problems: v.array(v.string()),
})
/** Kept beside the backups: its age and result are figures. */
export type Verification = v.InferOutput<typeof Verification>

/** More than this is not listed one by one. */
const MAX_PROBLEMS = 20

interface Verifying {
  backups: string
  /** The newest without it. */
  id?: string | undefined
  clock: Clock
  /** Told before anything is unpacked. */
  onSpace: (bytes: number) => void
}

/** Throws BackupError where there is nothing to prove or no room for it; what is wrong with the backup is in `problems`. */
export async function verifyBackup({ backups, id, clock, onSpace }: Verifying, work: Work): Promise<Verification> {
  const startedAt = clock.now()
  const manifest = chooseBackup(backups, { id })
  const letGo = lockDataFolder(backups, 'backup')
  const scratch = join(backups, 'verify.part')
  try {
    rmSync(scratch, { recursive: true, force: true })
    // A migration may write as much again.
    const space = 2 * manifest.database.bytes + Math.min(SAMPLE_BYTES, manifest.audio.bytes)
    onSpace(space)
    requireSpace(backups, space)
    mkdirSync(scratch, { mode: 0o700 })
    const found = await new Verifier(backups, manifest, { scratch, work }).run()
    const result = { id: manifest.id, at: clock.now(), tookMs: clock.now() - startedAt, ...found }
    await writeWhole(join(backups, 'last-verification.json'), `${JSON.stringify(result)}\n`)
    return result
  } catch (error) {
    throw inWords(error)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
    await letGo()
  }
}

class Verifier {
  readonly #backups: string
  readonly #manifest: Manifest
  readonly #scratch: string
  readonly #work: Work
  readonly #problems: string[] = []
  #files = 0
  #bytes = 0

  constructor(backups: string, manifest: Manifest, { scratch, work }: { scratch: string; work: Work }) {
    this.#backups = backups
    this.#manifest = manifest
    this.#scratch = scratch
    this.#work = work
  }

  async run(): Promise<Omit<Verification, 'id' | 'at' | 'tookMs'>> {
    const file = join(this.#scratch, 'edge.db')
    await this.#kept()
    await this.#audio()
    const isUnpacked = await this.#tried('the database', () =>
      unpackDatabase(this.#backups, this.#manifest, file, this.#work),
    )
    this.#files += 1
    this.#bytes += this.#manifest.database.storedBytes
    const sample = { conversations: 0, audioOfConversations: 0, turns: 0 }
    if (isUnpacked) await this.#tried('the database', () => this.#database(file, sample))
    const problems = this.#problems
    if (problems.length > MAX_PROBLEMS)
      problems.splice(MAX_PROBLEMS, Infinity, `and ${problems.length - MAX_PROBLEMS} more`)
    return { files: this.#files, bytes: this.#bytes, ...sample, problems }
  }

  async #kept(): Promise<void> {
    for (const { name, bytes, sha256 } of this.#manifest.files) {
      await this.#tried(name, async () => {
        const content = await readFile(join(databaseFolder(this.#backups, this.#manifest.id), name))
        if (content.length !== bytes || sha256Of(content) !== sha256) throw new BackupError(`${name} is damaged`)
        this.#files += 1
        this.#bytes += bytes
      })
    }
  }

  async #audio(): Promise<void> {
    const { audio, id } = this.#manifest
    const isWhole = await this.#tried('the list of audio', () => requireList(this.#backups, this.#manifest, this.#work))
    if (!isWhole) return
    let waiting: Array<Promise<void>> = []
    let done = 0
    for await (const entry of audioEntries(this.#backups, id)) {
      this.#work.signal.throwIfAborted()
      const { form, hash, storedBytes } = entry
      if (form === 'g') continue
      const file = audioFile(this.#backups, hash, form)
      waiting.push(
        (async () => {
          const isGood = await this.#tried(hash, () => readBlob(file, entry))
          if (!isGood && existsSync(file)) renameSync(file, `${file}.damaged`)
          this.#files += 1
          this.#bytes += storedBytes
        })(),
      )
      this.#work.progress({ step: 'audio', done: (done += 1), total: audio.files, unit: 'files' })
      if (waiting.length < AT_ONCE) continue
      await Promise.all(waiting)
      waiting = []
    }
    await Promise.all(waiting)
    if (done !== audio.files)
      this.#problems.push(`the list of audio has ${done} files, the manifest says ${audio.files}`)
  }

  async #database(file: string, sample: { conversations: number; audioOfConversations: number; turns: number }) {
    this.#work.progress({ step: 'checking the database', done: 0, total: 0, unit: 'bytes' })
    this.#problems.push(...checkedAgainst(this.#manifest, file))
    const picked = withFile(file, pickConversations)
    const forms = new Map<string, 'z' | 'r'>()
    const wanted = new Set(picked.flatMap(({ audio }) => audio))
    for await (const { hash, form } of audioEntries(this.#backups, this.#manifest.id))
      if (wanted.has(hash) && form !== 'g') forms.set(hash, form)
    for (const [hash, form] of forms) {
      const isThere = await this.#tried(`the audio of a conversation`, async () => {
        const content = await readBlob(audioFile(this.#backups, hash, form), { hash, form })
        await writeWhole(join(this.#scratch, hash), content, { lasting: false })
      })
      if (isThere) sample.audioOfConversations += 1
    }
    sample.conversations = picked.length
    sample.turns = this.#manifest.counts['turn'] ?? 0
    await migrateCopy(file)
    const after = withFile(file, (database) => ({ ...factsOf(database), faults: faultsOf(database) }))
    this.#problems.push(...after.faults)
    for (const table of ['conversation', 'turn', 'user'])
      if (after.counts[table] !== this.#manifest.counts[table])
        this.#problems.push(`after the migration ${table} has ${after.counts[table]} rows`)
  }

  /** False where it failed; a backup's fault is noted, anything else is thrown on. */
  async #tried(what: string, run: () => Promise<unknown>): Promise<boolean> {
    try {
      await run()
      return true
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (!(error instanceof BackupError) && code !== 'ENOENT') throw error
      this.#problems.push(`${what}: ${(error as Error).message}`)
      return false
    }
  }
}

/** Unpacks it and proves it. Throws BackupError. */
export async function unpackDatabase(
  backups: string,
  { id, database }: Manifest,
  to: string,
  work: Work,
): Promise<void> {
  let done = 0
  const onBytes = (bytes: number): void => {
    done += bytes
    work.progress({ step: 'database', done, total: database.bytes, unit: 'bytes' })
  }
  const packed = join(databaseFolder(backups, id), DATABASE_FILE)
  const found = await unpack(packed, to, { signal: work.signal, onBytes })
  const { bytes, sha256, storedBytes, storedSha256 } = database
  const isSame =
    found.bytes === bytes &&
    found.sha256 === sha256 &&
    found.storedBytes === storedBytes &&
    found.storedSha256 === storedSha256
  if (!isSame) throw new BackupError(`${packed} is damaged: it is not what the manifest says`)
}

export async function requireList(backups: string, { id, audio }: Manifest, { signal }: Work): Promise<void> {
  const file = audioList(backups, id)
  if (!existsSync(file)) throw new BackupError(`${file} is missing`)
  const { sha256 } = await unpack(file, undefined, { signal })
  if (sha256 !== audio.sha256) throw new BackupError(`${file} is damaged: it is not what the manifest says`)
}

/** What is wrong with an unpacked database, before anything changes it. */
export function checkedAgainst({ counts, schema }: Manifest, file: string): string[] {
  return withFile(file, (database) => {
    const found = factsOf(database)
    const tables = [...new Set([...Object.keys(counts), ...Object.keys(found.counts)])]
    const differing = tables
      .filter((table) => counts[table] !== found.counts[table])
      .map((table) => `${table} has ${found.counts[table] ?? 0} rows, the manifest says ${counts[table] ?? 0}`)
    const isOther = found.migrations !== schema.migrations
    return isOther
      ? [...differing, `the schema has ${found.migrations} migrations, the manifest says ${schema.migrations}`]
      : differing
  })
}

/** Brings an unpacked database up to this code's schema. Throws BackupError where it is of a newer code. */
export async function migrateCopy(file: string): Promise<void> {
  const database = await openDatabase({ url: pathToFileURL(file).href })
  try {
    await database.migrate()
  } finally {
    await database.close()
  }
}

function pickConversations(database: Parameters<Parameters<typeof withFile>[1]>[0]): Array<{ audio: string[] }> {
  const ids = (database.prepare('select id from conversation').all() as Array<{ id: string }>).map(({ id }) => id)
  const picked: string[] = []
  while (picked.length < SAMPLED_CONVERSATIONS && ids.length > 0) picked.push(...ids.splice(randomInt(ids.length), 1))
  const ofConversation = database.prepare(
    'select utterance, reply from turn_audio where turn_id in (select id from turn where conversation_id = ?)',
  )
  return picked.map((id) => ({
    audio: (ofConversation.all(id) as Array<Record<string, string | null>>)
      .flatMap(({ utterance, reply }) => [utterance, reply])
      .filter((hash) => typeof hash === 'string'),
  }))
}
