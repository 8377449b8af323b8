// The token of the GPU node that `parley start` runs on this machine: made once, kept in the data folder, known to the store.
import { join } from 'node:path'
import { mkdirSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { openDatabase } from '#edge/runtime/node/database.ts'
import { createStore } from '#edge/store/store.ts'
import { nodeTokenFile, readSecret, writeSecret } from './data-folder.ts'

const LOCAL_NODE = 'local'

export async function ensureNodeToken(data: string): Promise<string> {
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const url = process.env['DATABASE_URL'] ?? pathToFileURL(join(data, 'edge.db')).href
  const authToken = process.env['DATABASE_AUTH_TOKEN']
  const database = await openDatabase({ url, ...(authToken !== undefined && { authToken }) })
  try {
    await database.migrate()
    const { nodes } = createStore(database.db)
    const kept = readSecret(nodeTokenFile(data))
    // A token of a database that was replaced since is of no use.
    if (kept !== undefined && (await nodes.nodeByToken(kept)) !== undefined) return kept
    const { token } = await nodes.addNode({ name: LOCAL_NODE, now: Date.now() })
    writeSecret(nodeTokenFile(data), token)
    return token
  } finally {
    await database.close()
  }
}
