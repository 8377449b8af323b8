// `parley backup`: takes one, verifies one, lists them, sends them to a second place or fetches one from there; with --out it copies the database alone into one new file. All of it also while
// the edge runs.
import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { defineCommand } from 'citty'
import { BACKUP_KINDS, type BackupKind } from '#edge/backup/manifest.ts'
import { takeBackupApart, verifyBackupApart } from '#edge/runtime/node/backup/backup-apart.ts'
import { findBackups } from '#edge/runtime/node/backup/folders.ts'
import { inMegabytes, type TakenBackup } from '#edge/runtime/node/backup/take-backup.ts'
import type { Verification } from '#edge/runtime/node/backup/verify-backup.ts'
import { invalid } from '#shared/fault.ts'
import { backupPaths } from './backup-paths.ts'
import { copyDatabaseInto } from './database-dump.ts'
import { dataOption, edgeConfig, requireDatabase, urlOption } from './open-store.ts'
import { jsonOption, print } from './print.ts'
import { fetchSecond, sendSecond } from './second-copy.ts'
import { table, when } from './table.ts'
import { watched } from './watched.ts'

const WHAT = ['take', 'verify', 'list', 'send', 'fetch'] as const

export const backup = defineCommand({
  meta: { name: 'backup', description: 'Back up database, audio and secrets, also while the edge runs' },
  args: {
    what: { type: 'positional', description: `${WHAT.join(', ')}; default: take`, required: false },
    data: dataOption,
    from: { type: 'string', description: 'Folder of backups to verify or list; default: backups in the data folder' },
    id: { type: 'string', description: 'The backup to verify; default: the newest' },
    last: { type: 'boolean', description: 'Verify the newest, as without --id', default: false },
    kind: { type: 'enum', options: [...BACKUP_KINDS], description: 'How long it is kept', default: 'daily' },
    place: {
      type: 'string',
      description: 'Second place: folder:PATH, s3://BUCKET/PREFIX?endpoint=URL, rsync:HOST:PATH',
    },
    recipient: { type: 'string', description: 'age recipient for whom the second copy is encrypted' },
    identity: { type: 'string', description: 'File with the age identity that opens it' },
    into: { type: 'string', description: 'New folder for what is fetched' },
    url: urlOption,
    out: { type: 'string', description: 'Copy the database alone into this new file' },
    json: jsonOption,
  },
  async run({ args }) {
    const config = edgeConfig(args)
    const what = args.what ?? 'take'
    if (args.out !== undefined) return copyAlone(args.out, config, args.json)
    if (what === 'list') return list(backupPaths(config, args.from).backups, args.json)
    if (what === 'verify') {
      if (args.id !== undefined && args.last) throw invalid('--last: is the newest, and --id names another')
      return verify(backupPaths(config, args.from).backups, args)
    }
    if (what === 'send') return sendSecond(backupPaths(config, args.from).backups, args)
    if (what === 'fetch') return fetchSecond(args)
    if (what !== 'take') throw invalid(`${what}: must be one of ${WHAT.join(', ')}`)
    const paths = backupPaths(config)
    requireDatabase(config.databaseUrl)
    const kind = args.kind as BackupKind
    const { dataDir: _dataDir, ...sources } = paths
    const options = { ...sources, kind, version: config.version }
    const taken = await watched((work) => takeBackupApart(options, work))
    print(args.json, { ...taken, folder: paths.backups }, takenText(taken))
  },
})

async function copyAlone(
  given: string,
  { databaseUrl, databaseAuthToken }: ReturnType<typeof edgeConfig>,
  asJson: boolean,
) {
  requireDatabase(databaseUrl)
  const out = resolve(given)
  if (existsSync(out)) throw invalid(`--out: ${out} is there already`)
  await copyDatabaseInto(out, databaseUrl, databaseAuthToken)
  const { size: bytes } = statSync(out)
  print(asJson, { file: out, bytes }, `copied the database to ${out} (${bytes} bytes)`)
}

function takenText({ manifest, added, damaged, dropped }: TakenBackup): string {
  const { id, counts, database, audio } = manifest
  const lines = [
    `took backup ${id}: ${counts['turn'] ?? 0} turns, database ${inMegabytes(database.storedBytes)}`,
    `  audio: ${audio.files} files, ${inMegabytes(audio.storedBytes)}; ${added} of them new, ${audio.gone} gone meanwhile`,
  ]
  if (damaged > 0)
    lines.push(`  DAMAGED: ${damaged} files of the blob store are not what their names say, and are not in it`)
  if (dropped.databases > 0 || dropped.audioFiles > 0)
    lines.push(`  dropped as too old: ${dropped.databases} databases, ${dropped.audioFiles} audio files`)
  return lines.join('\n')
}

function list(backups: string, asJson: boolean): void {
  const { good, bad } = findBackups(backups)
  const rows = good.map(({ id, takenAt, kind, counts, database, audio }) => [
    id,
    when(takenAt),
    kind,
    String(counts['turn'] ?? 0),
    inMegabytes(database.storedBytes),
    inMegabytes(audio.storedBytes),
  ])
  const unreadable = bad.map(({ why }) => `\nUNREADABLE: ${why}`).join('')
  print(asJson, { good, bad }, `${table(['ID', 'TAKEN', 'KIND', 'TURNS', 'DATABASE', 'AUDIO'], rows)}${unreadable}`)
}

async function verify(backups: string, { id, json }: { id?: string | undefined; json: boolean }): Promise<void> {
  const onSpace = (bytes: number): void => void process.stderr.write(`needs ${inMegabytes(bytes)} for a while\n`)
  const found = await watched((work) => verifyBackupApart({ backups, id, onSpace }, work))
  print(json, found, verifiedText(found))
  if (found.problems.length > 0) process.exit(1)
}

function verifiedText({
  id,
  files,
  bytes,
  conversations,
  audioOfConversations,
  turns,
  problems,
  tookMs,
}: Verification): string {
  const head = `verified backup ${id} in ${(tookMs / 1000).toFixed(1)} s: ${files} files (${inMegabytes(bytes)}), ${turns} turns,`
  const sample = `  ${conversations} conversations unpacked with ${audioOfConversations} audio files`
  const verdict =
    problems.length === 0 ? '  it is good' : `  NOT GOOD:\n${problems.map((one) => `  - ${one}`).join('\n')}`
  return [head, sample, verdict].join('\n')
}
