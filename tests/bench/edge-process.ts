// The edge of a bench: the real one, on a free port and in a folder that is thrown away. Forked by the benches.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MAX_RATE_FACTOR } from '#edge/limits/route-rates.ts'
import { SCOPES } from '#shared/model/caller.ts'
import { readEdgeConfig } from '#edge/runtime/node/config.ts'
import { startEdge } from '#edge/runtime/node/start-edge.ts'
import { openLog } from '#shared/on-node/log.ts'
import { readSettings, serveParent } from './child.ts'

export interface EdgeFacts {
  url: string
  key: string
  nodeToken: string
}

export interface CrowdedEdgeFacts extends EdgeFacts {
  /** Keys of other users. */
  otherKeys: string[]
}

/** As many as any bench has enemies. */
const OTHERS = 8

/** A database that is there already is kept; without one it is thrown away. */
const { keptIn } = readSettings<{ keptIn?: string }>()
const dataDir = keptIn ?? mkdtempSync(join(tmpdir(), 'parley-bench-'))
const config = readEdgeConfig({ DATA_DIR: dataDir, PORT: '0', ADDRESS_RATE: '0' })
const logFile = await openLog({ name: 'edge', level: 'info', folder: join(dataDir, 'logs') })
const edge = await startEdge(config, { log: logFile.log })
// The load comes from one address with one key.
const limits = { rateFactor: MAX_RATE_FACTOR, sessions: 1_000, tokensPerDay: 1e9, audioMsPerDay: 1e9 }
const { key } = await edge.store.keys.createKey({ name: 'bench', scopes: [...SCOPES], limits, now: Date.now() })
const others = Array.from({ length: OTHERS }, (_, i) => ({
  name: `other ${i}`,
  scopes: [...SCOPES],
  limits,
  now: Date.now(),
}))
const otherKeys = await Promise.all(others.map(async (terms) => (await edge.store.keys.createKey(terms)).key))
const { token } = await edge.store.nodes.addNode({ name: 'bench', now: Date.now() })

const ready: CrowdedEdgeFacts = {
  url: edge.url,
  key,
  nodeToken: token,
  otherKeys,
}
serveParent({
  ready,
  stop: async () => {
    await edge.close()
    await logFile.close()
    if (keptIn === undefined) rmSync(dataDir, { recursive: true, force: true })
  },
})
