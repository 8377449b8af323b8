// The manifest of a backup: what is in it, how large it is, and by which hashes that is proved. It stands beside the database's
// copy and is written last. Read by verify and restore, which believe nothing of it before it is checked. Knows no file system.
import * as v from 'valibot'
import { BackupError } from './backup-error.ts'

export const MANIFEST_FILE = 'manifest.json'
export const DATABASE_FILE = 'edge.db.zst'

/** `daily` for the schedule; the others are kept longer and are made on request. */
export const BACKUP_KINDS = ['daily', 'weekly', 'monthly'] as const
export type BackupKind = (typeof BACKUP_KINDS)[number]

/** Files of the data folder that a bare machine needs besides database and audio. No other name is ever written by a restore. */
export const KEPT_FILES = ['signing-secret', 'first-key', 'node-token', 'gpu-node.toml', 'dot-env'] as const
export type KeptFile = (typeof KEPT_FILES)[number]

const ID = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-(\d{1,9})$/
const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const Sha256 = v.pipe(v.string(), v.regex(/^[\da-f]{64}$/))

export const Manifest = v.strictObject({
  format: v.literal('parley-backup'),
  formatVersion: v.literal(1),
  id: v.pipe(v.string(), v.regex(ID)),
  /** One more than the newest backup had: the order that a wrong clock cannot change. */
  sequence: Count,
  /** Epoch milliseconds at which the copy of the database began. */
  takenAt: Count,
  kind: v.picklist(BACKUP_KINDS),
  code: v.strictObject({ version: v.string() }),
  schema: v.strictObject({ migrations: Count }),
  /** Rows of each table. */
  counts: v.record(v.pipe(v.string(), v.regex(/^\w{1,64}$/)), Count),
  /** When the newest turn was stored; null without any. */
  newestTurnAt: v.nullable(Count),
  /** Lines that the list of deletions had: those behind them are done again by a restore. */
  deletions: Count,
  /** `bytes` and `sha256` are of the unpacked file, `stored…` of the file that lies here. */
  database: v.strictObject({ bytes: Count, sha256: Sha256, storedBytes: Count, storedSha256: Sha256 }),
  files: v.array(v.strictObject({ name: v.picklist(KEPT_FILES), bytes: Count, sha256: Sha256 })),
  /** The list of audio names each file by its hash; `sha256` is that of the unpacked list. `gone` were deleted meanwhile. */
  audio: v.strictObject({ sha256: Sha256, files: Count, gone: Count, bytes: Count, storedBytes: Count }),
})
export type Manifest = v.InferOutput<typeof Manifest>

/** Throws BackupError where it is no manifest, or one of another backup. */
export function readManifest(text: string, id: string): Manifest {
  const parsed = v.safeParse(Manifest, jsonOf(text))
  if (!parsed.success) {
    const issue = parsed.issues[0]
    throw new BackupError(`the manifest of ${id} is not one of ours: ${v.getDotPath(issue) ?? 'it'}: ${issue.message}`)
  }
  if (parsed.output.id !== id) throw new BackupError(`the manifest of ${id} names another backup: ${parsed.output.id}`)
  return parsed.output
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Undefined where a name is no backup's. */
export function readBackupId(id: string): { id: string; takenAt: number; sequence: number } | undefined {
  const [, year, month, day, hours, minutes, seconds, ms, sequence] = ID.exec(id) ?? []
  if (sequence === undefined) return undefined
  return {
    id,
    takenAt: Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}.${ms}Z`),
    sequence: Number(sequence),
  }
}

/** Readable, and unique also where the clock was set back. */
export function backupId(takenAt: number, sequence: number): string {
  return `${new Date(takenAt).toISOString().replaceAll(/[-:.]/g, '')}-${sequence}`
}
