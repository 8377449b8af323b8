// A whole edge and the command line note what is deleted and revoked beside the backups; a half restored folder starts no edge.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readEdgeConfig } from '#edge/runtime/node/config.ts'
import { startEdge } from '#edge/runtime/node/start-edge.ts'
import { silentLog } from '#shared/log.ts'
import { parley } from '#tests/edge/cli/parley.ts'

let data: string
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'parley-deletions-'))
})
afterEach(() => rmSync(data, { recursive: true }))

const start = () => startEdge(readEdgeConfig({ DATA_DIR: data, PORT: '0' }), { log: silentLog })

it('[RST6] what an edge or the command line deletes or revokes is noted', async () => {
  const edge = await start()
  const { keyId } = await edge.store.keys.createKey({ name: 'x', scopes: ['talk'], now: 1 })
  const userId = (await edge.store.keys.callerById(keyId, 1))?.userId ?? 'usr_none'
  const { nodeId } = await edge.store.nodes.addNode({ name: 'x', now: 1 })
  await edge.store.edits.leave(userId, { now: 2 })
  await edge.store.nodes.revokeNode(nodeId, 2)
  const other = await edge.store.keys.createKey({ name: 'y', scopes: ['talk'], now: 1 })
  await edge.close()
  expect((await parley(['keys', 'revoke', other.keyId, '--data', data])).code).toBe(0)
  const lines = readFileSync(join(data, 'backups', 'deletions.jsonl'), 'utf8')
    .trim()
    .split('\n')
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { kind: 'user', id: userId },
    { kind: 'node', id: nodeId },
    { kind: 'key', id: other.keyId },
  ])
})

it('[RST8] an edge does not start on a folder that is half restored', async () => {
  const plan = { id: 'x', at: 1, before: join(data, 'before'), phase: 'swapping', items: [] }
  mkdirSync(plan.before)
  writeFileSync(join(data, 'restored.json'), JSON.stringify(plan))
  await expect(start()).rejects.toThrow('invalid_message')
  rmSync(join(data, 'restored.json'))
  await (await start()).close()
})
