// `parley restore`: puts a backup in the place of the live data, after saying what will be lost; proves it by a spoken turn; and undoes it.
// Recordings alone are restored beside a running edge.
import { createInterface } from 'node:readline/promises'
import { defineCommand } from 'citty'
import { BackupError } from '#edge/backup/backup-error.ts'
import { planRestore, restoreBackup, undoRestore, type RestorePlan } from '#edge/runtime/node/backup/restore.ts'
import { restoreAudio } from '#edge/runtime/node/backup/stage.ts'
import { inMegabytes } from '#edge/runtime/node/backup/take-backup.ts'
import { systemClock } from '#shared/clock.ts'
import { invalid } from '#shared/fault.ts'
import { backupPaths } from './backup-paths.ts'
import { dataOption, edgeConfig } from './open-store.ts'
import { jsonOption, print } from './print.ts'
import { proveRestored } from './prove-restored.ts'
import { runToEnd } from './run-to-end.ts'
import { when } from './table.ts'
import { watched } from './watched.ts'

export const restore = defineCommand({
  meta: { name: 'restore', description: 'Restore a backup, keeping what is there beside it' },
  args: {
    data: dataOption,
    from: { type: 'string', description: 'Folder of backups; default: backups in the data folder' },
    id: { type: 'string', description: 'The backup; default: the newest' },
    last: { type: 'boolean', description: 'The newest, as without --id', default: false },
    at: { type: 'string', description: 'The newest before this time, e.g. 2026-03-01T12:00Z' },
    'dry-run': { type: 'boolean', description: 'Say what it would do, and do nothing', default: false },
    yes: { type: 'boolean', description: 'Do not ask', default: false },
    'audio-only': {
      type: 'boolean',
      description: 'Only recordings that are missing or damaged, beside a running edge',
      default: false,
    },
    stop: { type: 'string', description: 'End this systemd unit first, e.g. parley' },
    prove: { type: 'boolean', description: 'Prove it by one spoken turn', default: true },
    undo: { type: 'boolean', description: 'Put back what was there before the last restore', default: false },
    json: jsonOption,
  },
  async run({ args }) {
    const paths = backupPaths(edgeConfig(args), args.from)
    const given = [args.id, args.at, args.last || undefined].filter((one) => one !== undefined)
    if (given.length > 1) throw invalid('--id, --at, --last: only one of them names a backup')
    const options = {
      ...paths,
      id: args.id,
      at: args.at === undefined ? undefined : timeOf(args.at),
      clock: systemClock,
    }
    if (args['audio-only']) return audioOnly(paths, args.json)
    if (args['dry-run']) {
      const plan = await planRestore(options)
      return print(args.json, { plan, restored: null }, `${planText(plan)}\nnothing was done`)
    }
    if (args.stop !== undefined) await runToEnd('systemctl', ['stop', args.stop])
    if (args.undo) return undo(paths, args)
    const confirm = (plan: RestorePlan): Promise<boolean> => asks(planText(plan), args)
    const restored = await watched((work) => restoreBackup({ ...options, confirm }, work))
    if (!restored) throw new BackupError('nothing was done')
    const proof = args.prove ? await proved(paths.dataDir) : undefined
    const { audio, before, tookMs, plan } = restored
    const lines = [
      `restored backup ${plan.manifest.id} in ${(tookMs / 1000).toFixed(1)} s: ${plan.manifest.counts['turn'] ?? 0} turns, ${audio.files} audio files (${inMegabytes(audio.bytes)})`,
      ...(audio.missing > 0
        ? [`  MISSING: ${audio.missing} audio files are nowhere whole; their turns have their text`]
        : []),
      ...(proof === undefined ? [] : [`  proved by a spoken turn: ${proof}`]),
      `  what was there is kept in ${before}; \`parley restore --undo\` puts it back; remove it when all is well`,
      `  start the service: ${args.stop === undefined ? 'npm start, or its systemd unit' : `systemctl start ${args.stop}`}`,
    ]
    print(args.json, { ...restored, proof: proof ?? null }, lines.join('\n'))
  },
})

/** Where the proof fails the restored data stays in place, for the operator to look at. */
async function proved(dataDir: string): Promise<string> {
  try {
    return await proveRestored(dataDir)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const text = `the data is restored, but it was not proved: ${why}\n\`parley restore --undo\` puts back what was there`
    throw new BackupError(text, { cause })
  }
}

interface Asking {
  yes: boolean
  json: boolean
}

async function undo(paths: ReturnType<typeof backupPaths>, args: Asking): Promise<void> {
  const since = (turns: number | null): string =>
    `will put back what was there before the last restore; turns since then, which will be lost: ${turns ?? 'not known'}`
  const undone = await undoRestore(paths, (turns) => asks(since(turns), args))
  if (!undone) throw new BackupError('nothing was done')
  print(args.json, undone, `put back what was there before the restore of ${when(undone.at)}`)
}

async function audioOnly(paths: ReturnType<typeof backupPaths>, asJson: boolean): Promise<void> {
  const found = await watched((work) => restoreAudio(paths, work))
  const text = `restored ${found.restored} audio files; ${found.good} were good, ${found.missing} are in no backup`
  print(asJson, found, text)
}

/** Where nobody can answer, --yes is needed. */
async function asks(text: string, { yes, json }: Asking): Promise<boolean> {
  if (!json) process.stdout.write(`${text}\n`)
  if (yes) return true
  if (!process.stdin.isTTY) throw invalid('--yes: is needed where nobody can be asked')
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await lines.question('Go on? (yes/no) ').finally(() => lines.close())
  return answer.trim() === 'yes'
}

function planText({ manifest, lostTurns, deletions, neededBytes }: RestorePlan): string {
  const { id, takenAt, counts, audio, code } = manifest
  const lost =
    lostTurns === null
      ? 'the present database cannot be read or is not there'
      : `${lostTurns} turns since then will be lost`
  return [
    `will restore backup ${id} of ${when(takenAt)} (release ${code.version}): ${counts['turn'] ?? 0} turns, ${audio.files} audio files`,
    `  ${lost}; ${deletions} later deletions and revocations will be done again`,
    `  it needs ${inMegabytes(neededBytes)} of space at most; what is there now is kept beside`,
  ].join('\n')
}

function timeOf(text: string): number {
  const at = Date.parse(text)
  if (Number.isNaN(at)) throw invalid('--at: must be a time, e.g. 2026-03-01T12:00Z')
  return at
}
