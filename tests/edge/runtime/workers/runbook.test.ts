// The runbook of a deployment, executed: each block that needs no account runs as it is written, and shows what it says to expect.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import Database from 'libsql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '#edge/runtime/node/database.ts'
import { createStore } from '#edge/store/store.ts'
import { newId } from '#shared/ids.ts'
import { turnRecord } from '#tests/fakes/turn-record.ts'
import { startWorkersHost, type WorkersHost } from '#tests/tooling/hosts/workers-host.ts'

const RUNBOOK = 'runbooks/deploy-edge-on-workers.md'
/** A block marked `offline`, and the first paragraph behind it. */
const BLOCK = /^```sh offline\n(.+?)^```\n\nExpect: (.+?)(?:\n\n|\n*$)/gms
/** Of what is quoted there, the words in capitals are bindings; the rest are patterns. */
const QUOTED = /`([^`]+)`/g

const blocks = [...readFileSync(RUNBOOK, 'utf8').matchAll(BLOCK)].map(([, script = '', expected = '']) => ({
  script: script.trim(),
  patterns: [...(expected.split('. ')[0] ?? '').matchAll(QUOTED)].map(([, pattern = '']) => new RegExp(pattern)),
}))

describe('the runbook of a deployment', () => {
  let host: WorkersHost
  let env: NodeJS.ProcessEnv
  beforeAll(async () => {
    host = await startWorkersHost()
    env = {
      ...process.env,
      PATH: `${resolve('node_modules/.bin')}:${process.env['PATH'] ?? ''}`,
      DATABASE_URL: host.databaseUrl,
      EDGE_URL: host.url,
      DATA_DIR: join(host.dataDir, 'data'),
      BACKUP_FILE: join(host.dataDir, 'copy.sql'),
      // As an operator has it; the project's tests have it quieter.
      WRANGLER_LOG: 'log',
    }
  })
  afterAll(() => host.close())
  const run = async (script: string): Promise<string> => {
    const { stdout, stderr } = await promisify(execFile)('bash', ['-euc', script], { env })
    return stdout + stderr
  }

  it('[RUN1] has blocks that need no account, each with what to expect', () => {
    expect(blocks.length).toBeGreaterThanOrEqual(5)
    for (const { patterns } of blocks) expect(patterns.length).toBeGreaterThan(0)
  })

  it.each(blocks.filter(({ script }) => !script.includes('migrate')))(
    '[RUN2] $script',
    async ({ script, patterns }) => {
      const shown = await run(script)
      for (const pattern of patterns) expect(shown).toMatch(pattern)
    },
  )

  it('[RUN3] migrating a libSQL server that is up to date changes nothing and says so', async () => {
    const block = blocks.find(({ script }) => script.includes('migrate'))
    expect(await run(block?.script ?? '')).toContain('the database is up to date')
  })

  it('[RUN4] the copy of a libSQL server makes the same database again', async () => {
    const { key, keyId } = await host.store.keys.createKey({ name: '你好', scopes: ['talk'], now: 1 })
    const user = (await host.store.keys.callerByKey(key, 1))?.userId ?? 'usr_none'
    const sessionId = newId('session')
    const opened = await host.store.sessions.openSession({
      sessionId,
      userId: user,
      conversationId: undefined,
      personaId: 'per_default',
      now: 1,
    })
    const record = turnRecord({ startedAt: 1, utteranceText: 'at the seaside' })
    await host.store.turns.storeTurn({ sessionId, conversationId: opened.conversationId, record, now: 1 })
    const out = join(host.dataDir, 'again.sql')
    await run(`node edge/cli/main.ts backup --url "$DATABASE_URL" --out ${out}`)
    const file = join(host.dataDir, 'again.db')
    const restored = new Database(file)
    restored.exec(readFileSync(out, 'utf8'))
    expect(restored.prepare('select id, name from api_key where name = ?').get('你好')).toMatchObject({
      id: keyId,
      name: '你好',
    })
    restored.close()
    // The search is a virtual table, whose text a server writes into the copy as it is.
    const copy = await openDatabase({ url: pathToFileURL(file).href })
    const found = await createStore(copy.db).history.search(user, 'seaside', 5)
    await copy.close()
    expect(found.map(({ text }) => text)).toEqual(['at the seaside'])
    expect(readFileSync(out, 'utf8')).not.toContain(key.slice(3))
    await expect(run(`node edge/cli/main.ts backup --url "$DATABASE_URL" --out ${out}`)).rejects.toThrow(
      /there already/,
    )
  })
})
