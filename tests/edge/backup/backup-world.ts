// A data folder with a user, conversations, turns and audio, as a running edge leaves it, and the means to back it up and restore it.
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { sql } from 'drizzle-orm'
import type { KeptFile } from '#edge/backup/manifest.ts'
import type { Work } from '#edge/backup/work.ts'
import { takeBackup, type BackupOptions, type TakenBackup } from '#edge/runtime/node/backup/take-backup.ts'
import { openDatabase, type OpenDatabase } from '#edge/runtime/node/database.ts'
import { createStore, type Store } from '#edge/store/store.ts'
import { blobHashOf, type BlobHash } from '#shared/blob.ts'
import { systemClock, type Clock } from '#shared/clock.ts'
import { newId, type ConversationId, type UserId } from '#shared/ids.ts'
import { silentLog } from '#shared/log.ts'
import { SCOPES } from '#shared/model/caller.ts'
import { turnRecord } from '#tests/fakes/turn-record.ts'

export const idleWork = (signal = new AbortController().signal): Work => ({
  signal,
  progress: () => {},
  log: silentLog,
})

/** The system's clock, set to another time. */
export const clockAt = (now: () => number): Clock => ({ ...systemClock, now })

export class BackupWorld {
  readonly root = mkdtempSync(join(tmpdir(), 'parley-backup-'))
  readonly data: string
  readonly backups: string
  readonly #closing: Array<() => Promise<void>> = []
  #number = 0
  userId: UserId = 'usr_none'
  key = ''
  conversationId: ConversationId = 'cnv_none'
  store!: Store
  database!: OpenDatabase

  constructor(data?: string) {
    this.data = data ?? join(this.root, 'data')
    this.backups = join(this.data, 'backups')
  }

  get file(): string {
    return join(this.data, 'edge.db')
  }

  get blobs(): string {
    return join(this.data, 'blobs')
  }

  /** Kept files, a key and one conversation. */
  async open(): Promise<this> {
    mkdirSync(this.blobs, { recursive: true })
    for (const name of ['signing-secret', 'node-token']) writeFileSync(join(this.data, name), `${name} of old\n`)
    this.database = await openDatabase({ url: pathToFileURL(this.file).href })
    this.#closing.push(() => this.database.close())
    await this.database.migrate()
    this.store = createStore(this.database.db)
    const { key, keyId } = await this.store.keys.createKey({ name: 'first', scopes: [...SCOPES], now: 1 })
    this.key = key
    writeFileSync(join(this.data, 'first-key'), `${key}\n`)
    this.userId = (await this.store.keys.callerById(keyId, 1))?.userId ?? 'usr_none'
    return this
  }

  /** One turn a call, in a conversation of its own where it is asked for. */
  async talk({
    isNew = false,
    audio = randomBytes(3_000) as Uint8Array<ArrayBuffer>,
    now = Date.now(),
  } = {}): Promise<BlobHash> {
    const sessionId = newId('session')
    const known = isNew || this.conversationId === 'cnv_none' ? undefined : this.conversationId
    const opened = await this.store.sessions.openSession({
      sessionId,
      userId: this.userId,
      conversationId: known,
      personaId: 'per_default',
      now,
    })
    this.conversationId = opened.conversationId
    const record = turnRecord({
      turn: (this.#number += 1),
      startedAt: now,
      endedAt: now,
      utteranceText: `word ${this.#number}`,
    })
    await this.store.turns.storeTurn({ sessionId, conversationId: this.conversationId, record, now })
    await this.store.sessions.endAllLive(now)
    const hash = await blobHashOf(audio)
    writeFileSync(join(this.blobs, hash), audio)
    await this.database.db.run(sql`insert into turn_audio values (${record.id}, ${hash}, null, ${now + 1e10})`)
    return hash
  }

  options(given: Partial<BackupOptions> = {}): BackupOptions {
    const keptFiles: Partial<Record<KeptFile, string>> = {}
    for (const name of ['signing-secret', 'first-key', 'node-token'] as const) keptFiles[name] = join(this.data, name)
    const { backups, file: database, blobs } = this
    return { backups, database, blobs, keptFiles, kind: 'daily', version: '0.0.0', clock: systemClock, ...given }
  }

  take(given: Partial<BackupOptions> = {}, work = idleWork()): Promise<TakenBackup> {
    return takeBackup(this.options(given), work)
  }

  async closeDatabase(): Promise<void> {
    for (const close of this.#closing.splice(0)) await close()
  }

  async close(): Promise<void> {
    await this.closeDatabase()
    rmSync(this.root, { recursive: true, force: true })
  }
}
