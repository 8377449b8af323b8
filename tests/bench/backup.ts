// Bench: a backup of a filled edge while it relays calls; another that finds little new; its verification; a restore onto a bare machine.
// Says how long each takes and at which rate, and what the backup costs callers.
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { sql } from 'drizzle-orm'
import { takeBackupApart, verifyBackupApart } from '#edge/runtime/node/backup/backup-apart.ts'
import { restoreBackup } from '#edge/runtime/node/backup/restore.ts'
import type { BackupOptions } from '#edge/runtime/node/backup/take-backup.ts'
import { openDatabase } from '#edge/runtime/node/database.ts'
import { blobHashOf } from '#shared/blob.ts'
import { systemClock } from '#shared/clock.ts'
import { silentLog } from '#shared/log.ts'
import { LOAD_FLAGS, startChild } from './child.ts'
import type { EchoNodeSettings } from './echo-node-process.ts'
import type { EdgeFacts } from './edge-process.ts'
import { fillHistory } from './history-filling.ts'
import { openSessionSocket } from './link-socket.ts'
import { monotonicMs } from './monotonic.ts'
import type { PacedLoad } from './paced-load.ts'
import { quantile } from './quantile.ts'
import { openLoad, type Stops } from './relay.ts'
import type { Report } from './report.ts'

export interface BackupLoad {
  turns: number
  audioMb: number
  /** Calls that go on meanwhile. */
  sessions: number
  /** How long the relay is measured without a backup. */
  quietMs: number
}

export const BACKUP_FULL: BackupLoad = { turns: 100_000, audioMb: 1_000, sessions: 20, quietMs: 10_000 }
export const BACKUP_SHORT: BackupLoad = { turns: 20_000, audioMb: 200, sessions: 5, quietMs: 2_000 }

/** About what two seconds of speech are as FLAC. */
const AUDIO_BYTES = 50_000
const TURNS_EACH = 20
const CONVERSATIONS_STEP = 25
const PER_SECOND = 50
const ROUND_MS = 500
const MAX_RESTORE_MINUTES = 10
/** The aim is that of a million turns and 20 GB. */
const AIM = { turns: 1_000_000, audioMb: 20_000 }
const MAX_P99_RATIO = 1.5

const work = { signal: new AbortController().signal, progress: () => {}, log: silentLog }

export async function benchBackup(load: BackupLoad): Promise<Report> {
  const root = mkdtempSync(join(tmpdir(), 'parley-bench-backup-'))
  const stops: Stops = [async () => rmSync(root, { recursive: true })]
  try {
    const data = join(root, 'data')
    mkdirSync(data)
    const filledMs = await timed(() => fill(data, load))
    const options = optionsOf(data)
    const relay = await openRelay(data, load, stops)
    await relay.run({ perSecond: PER_SECOND, durationMs: ROUND_MS })
    const quiet = await relay.run({ perSecond: PER_SECOND, durationMs: load.quietMs })
    const first = await during(relay, () => takeBackupApart(options, work))
    const second = await during(relay, () => takeBackupApart(options, work))
    const verifying = await during(relay, () => verifyBackupApart({ backups: options.backups }, work))
    for (const stop of stops.splice(1).toReversed()) await stop()
    const restoreMs = await timed(() => restore(options, join(root, 'bare')))
    const mb = load.audioMb + statSync(join(data, 'edge.db')).size / 1e6
    return reportOf(load, {
      filledMs,
      restoreMs,
      mb,
      quiet: quantile(quiet.roundTripsMs, 0.99),
      first,
      second,
      verifying,
    })
  } finally {
    for (const stop of stops.toReversed()) await stop()
  }
}

async function fill(data: string, { turns, audioMb }: BackupLoad): Promise<void> {
  const step = TURNS_EACH * CONVERSATIONS_STEP
  const conversations = (Math.ceil(turns / step) * step) / TURNS_EACH
  await fillHistory(data, { conversations, turnsEach: TURNS_EACH })
  const blobs = join(data, 'blobs')
  mkdirSync(blobs)
  const database = await openDatabase({ url: pathToFileURL(join(data, 'edge.db')).href })
  const files = Math.min(conversations * TURNS_EACH, Math.ceil((audioMb * 1e6) / AUDIO_BYTES))
  const bytes = Math.ceil((audioMb * 1e6) / files)
  for (let at = 0; at < files;) {
    const rows = []
    for (const end = Math.min(files, at + 200); at < end; at += 1) {
      const audio = randomBytes(bytes)
      const hash = await blobHashOf(audio)
      writeFileSync(join(blobs, hash), audio)
      rows.push(sql`(${`trn_${String(at + 1).padStart(9, '0')}`}, ${hash}, null, ${Date.now() + 1e9})`)
    }
    await database.db.run(sql`insert into turn_audio values ${sql.join(rows, sql`, `)}`)
  }
  await database.close()
}

function optionsOf(data: string): Omit<BackupOptions, 'clock'> {
  return {
    backups: join(data, 'backups'),
    database: join(data, 'edge.db'),
    blobs: join(data, 'blobs'),
    keptFiles: { 'signing-secret': join(data, 'signing-secret') },
    kind: 'daily',
    version: 'bench',
  }
}

async function openRelay(data: string, { sessions }: BackupLoad, stops: Stops): Promise<PacedLoad> {
  const edge = await startChild<EdgeFacts>('./edge-process.ts', { keptIn: data })
  stops.push(() => edge.stop())
  const { url, nodeToken } = edge.facts
  const settings: EchoNodeSettings = { edgeUrl: url, token: nodeToken, slots: sessions }
  const node = await startChild('./echo-node-process.ts', settings, LOAD_FLAGS)
  stops.push(() => node.stop())
  return openLoad(sessions, (onReturn) => openSessionSocket(edge.facts, onReturn), stops)
}

interface During {
  ms: number
  p99: number
}

/** Measures the relay until the work is done. */
async function during(relay: PacedLoad, run: () => Promise<unknown>): Promise<During> {
  const startedAt = monotonicMs()
  let ms: number | undefined
  const running = run().then(() => {
    ms = monotonicMs() - startedAt
  })
  // Its failure is told by waiting for it.
  running.catch(() => (ms = 0))
  const roundTripsMs: number[] = []
  while (ms === undefined)
    for (const one of (await relay.run({ perSecond: PER_SECOND, durationMs: ROUND_MS })).roundTripsMs)
      roundTripsMs.push(one)
  await running
  return { ms, p99: quantile(roundTripsMs, 0.99) }
}

async function restore({ backups }: Pick<BackupOptions, 'backups'>, bare: string): Promise<void> {
  const at = (name: string): string => join(bare, name)
  const keptFiles = {
    'signing-secret': at('signing-secret'),
    'first-key': at('first-key'),
    'node-token': at('node-token'),
    'gpu-node.toml': at('gpu-node.toml'),
    'dot-env': at('dot-env'),
  }
  const options = { dataDir: bare, backups, database: at('edge.db'), blobs: at('blobs'), keptFiles, clock: systemClock }
  await restoreBackup({ ...options, confirm: () => Promise.resolve(true) }, work)
}

async function timed(run: () => Promise<void>): Promise<number> {
  const startedAt = monotonicMs()
  await run()
  return monotonicMs() - startedAt
}

interface Times {
  filledMs: number
  restoreMs: number
  mb: number
  quiet: number
  first: During
  second: During
  verifying: During
}

function reportOf(load: BackupLoad, { filledMs, restoreMs, mb, quiet, first, second, verifying }: Times): Report {
  const row = (name: string, ms: number, p99: number | null) => [
    name,
    ms / 1000,
    mb / (ms / 1000),
    p99,
    p99 && p99 / quiet,
  ]
  // Turns and audio are worked through one after the other, so the time of more grows with the larger of the two shares.
  const scale = Math.max(AIM.turns / load.turns, AIM.audioMb / load.audioMb)
  const minutes = (restoreMs * scale) / 60_000
  const worst = Math.max(first.p99, second.p99) / quiet
  return {
    title: `backup of ${load.turns} turns and ${load.audioMb} MB of audio, ${load.sessions} calls meanwhile`,
    baseline: 'the relay of the same edge without a backup',
    columns: [
      { name: 'work' },
      { name: 's', digits: 2 },
      { name: 'MB/s', digits: 1 },
      { name: 'relay p99 ms', digits: 2 },
      { name: '× without', digits: 2 },
    ],
    rows: [
      ['relay without', null, null, quiet, 1],
      row('first backup', first.ms, first.p99),
      row('second backup', second.ms, second.p99),
      row('verification', verifying.ms, verifying.p99),
      row('restore', restoreMs, null),
    ],
    notes: [
      `MB: database and audio before packing, ${mb.toFixed(0)} in all; filled in ${(filledMs / 1000).toFixed(0)} s. The audio is noise, which does not pack.`,
      'The restore is onto a bare folder, without the proof by a spoken turn, which takes about 8 s more.',
    ],
    aims: [
      {
        aim: `restore of ${AIM.turns} turns and ${AIM.audioMb / 1000} GB < ${MAX_RESTORE_MINUTES} minutes`,
        got: `${minutes.toFixed(1)} minutes${scale > 1 ? ' by the rate here' : ''}`,
        isMet: minutes < MAX_RESTORE_MINUTES,
      },
      {
        aim: `relay p99 during a backup < ${MAX_P99_RATIO} × without`,
        got: `${worst.toFixed(2)} ×`,
        isMet: worst < MAX_P99_RATIO,
      },
    ],
  }
}
