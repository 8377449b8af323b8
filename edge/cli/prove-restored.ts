// Proves a restored data folder: an edge and a node with the embedded engines start on a spare port, one turn is spoken, and all of it
// ends again. The proof uses a key of its own, and what it said is deleted. Used by `parley restore`.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BackupError } from '#edge/backup/backup-error.ts'
import { deleteWholly } from '#edge/runtime/node/backup/deletion-list.ts'
import { startChildGroup } from '#shared/on-node/child-group.ts'
import { PROGRAM_FLAGS } from '#shared/on-node/program-flags.ts'
import { SCOPES } from '#shared/model/caller.ts'
import { freePort } from './libsql-server.ts'
import { withStore } from './open-store.ts'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))
const WITHIN_MS = 120_000
/** What it says last, where it fails. */
const KEPT_LINES = 12

/** Resolves with what was heard. Throws BackupError; the restored data stays in place. */
export async function proveRestored(dataDir: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-proof-'))
  const { key, keyId } = await withStore({ data: dataDir }, ({ keys }) =>
    keys.createKey({ name: 'proof of a restore', scopes: [...SCOPES], now: Date.now() }),
  )
  try {
    const embedded = join(folder, 'gpu-node.toml')
    writeFileSync(embedded, '')
    return await oneTurn(dataDir, { PARLEY_KEY: key, GPU_NODE_CONFIG: embedded })
  } finally {
    rmSync(folder, { recursive: true })
    await withStore({ data: dataDir }, async ({ keys, edits }) => {
      const caller = await keys.callerById(keyId, Date.now())
      if (caller) await deleteWholly(edits, caller.userId, { now: Date.now() })
    })
  }
}

async function oneTurn(dataDir: string, more: NodeJS.ProcessEnv): Promise<string> {
  const lines: string[] = []
  const ready = Promise.withResolvers<void>()
  const args = [MAIN, 'start', '--json', '--data', dataDir, '--port', String(await freePort())]
  const group = startChildGroup({
    program: process.execPath,
    args: [...PROGRAM_FLAGS, ...args],
    env: { ...process.env, PUBLIC_ORIGIN: '', ...more },
    onLine: (line) => {
      lines.push(line)
      if (line.startsWith('{"event":"ready"')) ready.resolve()
    },
  })
  const timer = setTimeout(() => ready.reject(new BackupError('the proving edge was not ready in time')), WITHIN_MS)
  const ended = group.ended.then(({ how }) => {
    throw new BackupError(`the proving edge ended: ${how}\n${lines.slice(-KEPT_LINES).join('\n')}`)
  })
  try {
    await Promise.race([ready.promise, ended])
    const proof = lines.find((line) => line.startsWith('{"event":"selfCheck"'))
    if (proof === undefined) throw new BackupError('the proving edge spoke no turn')
    const { transcript, reply } = JSON.parse(proof) as { transcript: string; reply: string }
    return `heard “${transcript}”, answered “${reply}”`
  } finally {
    clearTimeout(timer)
    ended.catch(() => {})
    await group.stop()
  }
}
