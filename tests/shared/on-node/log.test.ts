// The log of a Node host, as a reader of its files finds it.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDatabase } from '#edge/runtime/node/database.ts'
import { createStore } from '#edge/store/store.ts'
import { openLog, type LogFile, type LogLevel } from '#shared/on-node/log.ts'

describe('log files', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-log-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  async function linesOf(level: LogLevel, write: (log: LogFile['log']) => void | Promise<void>) {
    const logs = join(folder, 'logs')
    const file = await openLog({ name: 'program', level, folder: logs })
    await write(file.log)
    await file.close()
    const text = readdirSync(logs)
      .map((name) => readFileSync(join(logs, name), 'utf8'))
      .join('')
    const parsed = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line): Record<string, unknown> => JSON.parse(line))
    return { text, lines: parsed }
  }

  it('[OPS4] a line is JSON with its level as a word, its time in epoch milliseconds, its program and its trace', async () => {
    const before = Date.now()
    const { lines } = await linesOf('info', (log) => {
      log.child({ sessionId: 'ses_1', traceId: 'abc' }).warn({ slots: 2 }, 'few slots')
      log.error({}, 'broken')
      log.debug({}, 'not at this level')
    })
    expect(lines).toMatchObject([
      { level: 'WARN', program: 'program', sessionId: 'ses_1', trace_id: 'abc', slots: 2, msg: 'few slots' },
      { level: 'ERROR', msg: 'broken' },
    ])
    expect(lines).toHaveLength(2)
    expect(lines[0]?.['time']).toBeGreaterThanOrEqual(before)
    expect(lines[0]?.['time']).toBeLessThanOrEqual(Date.now())
  })

  it('[OPS5] an error is logged with its stack and its cause; a secret is not logged by its usual names', async () => {
    const { text, lines } = await linesOf('debug', (log) => {
      log.error({ error: new Error('outer', { cause: new Error('inner') }), token: 'hush', key: 'hush' }, 'failed')
    })
    expect(lines[0]?.['error']).toMatchObject({
      message: 'outer',
      stack: expect.stringContaining('log.test.ts'),
      cause: { message: 'inner' },
    })
    expect(text).not.toContain('hush')
  })

  it('[OPS6] a query that fails is logged without the words that were to be stored', async () => {
    const database = await openDatabase({ url: 'file:' + join(folder, 'empty.db') })
    const store = createStore(database.db)
    // There are no tables yet, so everything fails.
    const { text, lines } = await linesOf('info', async (log) => {
      const adding = store.nodes.addNode({ name: 'the words of a caller', now: 1 })
      await adding.then(undefined, (error: unknown) => log.error({ error }, 'failed'))
    })
    await database.close()
    expect(lines[0]?.['error']).toMatchObject({
      message: expect.stringContaining('no such table'),
      query: expect.any(String),
    })
    expect(text).not.toContain('the words of a caller')
  })
})
