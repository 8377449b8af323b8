// The database thread on real files: what it promises to the stores above it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import Database from 'libsql'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  MAX_QUEUED_REQUESTS,
  openSqlWorker,
  type SqlWorker,
  type SqlWorkerOptions,
} from '#shared/on-node/sql-worker.ts'

/** Some hundred milliseconds of work for the database. */
const SLOW =
  'with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000000) select sum(i) as s from n'

describe('the database thread', () => {
  let folder: string
  let opened: SqlWorker[]
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-sql-'))
    opened = []
  })
  afterEach(async () => {
    for (const worker of opened) await worker.end()
    rmSync(folder, { recursive: true })
  })
  const open = async (name = 'some.db', options?: SqlWorkerOptions): Promise<SqlWorker> => {
    const worker = await openSqlWorker(pathToFileURL(join(folder, name)).href, options)
    opened.push(worker)
    return worker
  }
  const openWithTable = async (options?: SqlWorkerOptions): Promise<SqlWorker> => {
    const worker = await open(undefined, options)
    await worker.execute('create table if not exists t (a integer primary key, b text, c blob)')
    return worker
  }
  const count = async (worker: SqlWorker) => (await worker.execute('select count(*) as n from t')).rows[0]?.['n']

  it('[STO16] a slow query leaves the main thread free', async () => {
    const worker = await open()
    let turns = 0
    let isDone = false
    const slow = worker.execute(SLOW).finally(() => {
      isDone = true
    })
    while (!isDone) {
      await new Promise((resolve) => setImmediate(resolve))
      turns += 1
    }
    expect((await slow).rows[0]?.['s']).toBe(500_000_500_000)
    // On the main thread the query would have left room for one or two.
    expect(turns).toBeGreaterThan(100)
  })

  it('[STO17] files are opened with a write-ahead log, foreign keys and synchronous NORMAL', async () => {
    const worker = await open()
    const pragma = async (name: string) => Object.values((await worker.execute(`pragma ${name}`)).rows[0] ?? {})[0]
    expect(await pragma('journal_mode')).toBe('wal')
    expect(await pragma('foreign_keys')).toBe(1)
    expect(await pragma('synchronous')).toBe(1)
    expect(await pragma('busy_timeout')).toBe(5_000)
  })

  it('[STO18] rows are read by name, by number and as values, with all kinds of values', async () => {
    const worker = await openWithTable()
    const blob = new Uint8Array([1, 2, 3])
    const inserted = await worker.execute({ sql: 'insert into t values (?, ?, ?)', args: [2 ** 40, '话', blob] })
    expect(inserted).toMatchObject({ rowsAffected: 1, lastInsertRowid: BigInt(2 ** 40) })
    const { columns, rows } = await worker.execute('select a, b, c, null as d, a as a from t')
    expect(columns).toEqual(['a', 'b', 'c', 'd', 'a'])
    const [row] = rows
    expect(row?.['a']).toBe(2 ** 40)
    expect(row?.[1]).toBe('话')
    expect(row?.length).toBe(5)
    expect(Object.keys(row ?? {})).toEqual(['a', 'b', 'c', 'd'])
    expect(new Uint8Array(row?.[2] as ArrayBuffer)).toEqual(blob)
  })

  it('[STO19] errors keep their codes, and a batch that fails leaves nothing behind', async () => {
    const worker = await openWithTable()
    const failing = worker.batch(['insert into t (a) values (1)', ['insert into t (a) values (?)', [1]]])
    await expect(failing).rejects.toMatchObject({
      name: 'LibsqlBatchError',
      code: 'SQLITE_CONSTRAINT',
      extendedCode: 'SQLITE_CONSTRAINT_PRIMARYKEY',
      statementIndex: 1,
    })
    expect(await count(worker)).toBe(0)
    await expect(worker.execute('select nonsense')).rejects.toMatchObject({ code: 'SQLITE_ERROR' })
    await expect(worker.transaction()).rejects.toMatchObject({ code: 'TRANSACTION_UNSUPPORTED' })
  })

  it('[STO20] more than the queue holds is refused as unavailable, and what is queued is still done', async () => {
    const worker = await openWithTable()
    const asked = Array.from({ length: MAX_QUEUED_REQUESTS + 5 }, () => worker.execute('insert into t (b) values (1)'))
    const settled = await Promise.allSettled(asked)
    const refused = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    expect(refused).toHaveLength(5)
    expect(refused[0]).toMatchObject({ fault: { code: 'unavailable', what: 'database' } })
    expect(await count(worker)).toBe(MAX_QUEUED_REQUESTS)
  })

  it('[STO21] closing finishes what is queued, and nothing is taken after it', async () => {
    const worker = await openWithTable()
    const queued = Array.from({ length: 50 }, () => worker.execute('insert into t (b) values (1)'))
    await worker.end()
    await expect(Promise.all(queued)).resolves.toHaveLength(50)
    await expect(worker.execute('select 1')).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
    expect(await count(await open())).toBe(50)
  })

  it('[STO22] two programs write to one file at the same time without an error', async () => {
    const workers = [await openWithTable(), await openWithTable()]
    const writes = workers.flatMap((worker) =>
      Array.from({ length: 100 }, () => worker.batch(['insert into t (b) values (1)', 'insert into t (b) values (2)'])),
    )
    await expect(Promise.all(writes)).resolves.toHaveLength(200)
    for (const worker of workers) expect(await count(worker)).toBe(400)
  })

  it('[STO40] after a lock that outlasts the busy timeout, statements and batches work again', async () => {
    const worker = await openWithTable({ busyTimeoutMs: 50 })
    const other = new Database(join(folder, 'some.db'))
    for (const mode of ['batch', 'execute'] as const) {
      other.exec('begin immediate')
      const locked =
        mode === 'batch'
          ? worker.batch(['insert into t (b) values (1)'])
          : worker.execute('insert into t (b) values (1)')
      await expect(locked).rejects.toMatchObject({ code: 'SQLITE_BUSY' })
      other.exec('rollback')
      await worker.batch(['insert into t (b) values (1)'])
      await worker.execute('insert into t (b) values (1)')
    }
    other.close()
    expect(await count(worker)).toBe(4)
    expect(await worker.execute('pragma foreign_keys')).toMatchObject({ rows: [{ foreign_keys: 1 }] })
  })

  it('[STO23] a file that is no database, or a place where none can be, is refused when it is opened', async () => {
    writeFileSync(join(folder, 'some.db'), 'this is not a database, it is a text of some length'.repeat(100))
    await expect(open()).rejects.toMatchObject({ code: expect.stringMatching(/^SQLITE_(NOTADB|CORRUPT)/) })
    await expect(open('some.db/inside.db')).rejects.toThrow(/ENOTDIR|EEXIST/)
  })

  it('[STO24] a copy of a live database holds all that was written before it', async () => {
    const worker = await openWithTable()
    await worker.execute('insert into t (b) values (1)')
    const copied = worker.copyInto(join(folder, 'copies', 'one.db'))
    const later = worker.execute('insert into t (b) values (2)')
    await Promise.all([copied, later])
    expect(await count(await open('copies/one.db'))).toBe(1)
    expect(await count(worker)).toBe(2)
  })
})
