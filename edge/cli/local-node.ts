// The token of the GPU node that `parley start` runs on this machine: made once, kept in the data folder, known to the store.
import type { NodeStore } from '#edge/store/node-store.ts'
import { nodeTokenFile, readSecret, writeSecret } from './data-folder.ts'
import { withStore } from './open-store.ts'

const LOCAL_NODE = 'local'

export function ensureNodeToken(data: string): Promise<string> {
  return withStore({ data }, ({ nodes }) => nodeTokenOf(nodes, data), { mayMake: true })
}

export async function nodeTokenOf(nodes: NodeStore, data: string): Promise<string> {
  const kept = readSecret(nodeTokenFile(data))
  // The database may have been replaced, or the node revoked, since the token was made.
  if (kept !== undefined && (await nodes.nodeByToken(kept)) !== undefined) return kept
  const { token } = await nodes.addNode({ name: LOCAL_NODE, now: Date.now() })
  writeSecret(nodeTokenFile(data), token)
  return token
}
