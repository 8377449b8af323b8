// The thread that owns one database file. It opens it (WAL, checked), runs what sql-worker.ts asks, one request after the
// other, and copies it. Synchronous SQL blocks this thread, never the one with the audio. Knows no table.
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'
// Not the whole package: what speaks to servers takes each thread 60 ms to load, and this one opens only files.
import {
  createClient,
  LibsqlBatchError,
  LibsqlError,
  type Client,
  type ResultSet,
  type Value,
} from '@libsql/client/sqlite3'
import Database from 'libsql'
import * as v from 'valibot'
import { invariant, unreachable } from '#shared/invariant.ts'
import type { FlatResult, SqlAnswer, SqlFailure, SqlRequest } from './sql-messages.ts'

/** One thread needs one connection; the pragmas of a connection are then the pragmas of the database. */
const CONNECTIONS = 1

invariant(parentPort, 'the SQL thread is started by sql-worker.ts')
const port = parentPort
const { url, busyTimeoutMs } = v.parse(v.object({ url: v.string(), busyTimeoutMs: v.number() }), workerData)
/** Undefined before the first request, and after a failure that the connection may not have got over. */
let client: Client | undefined
let isChecked = false
/** Requests run strictly one after the other, in the order in which they came. */
let last: Promise<void> = Promise.resolve()

port.on('message', (request: { id: number } & SqlRequest) => {
  last = last.then(async () => {
    port.postMessage(await answer(request))
    if (request.type === 'close') port.close()
  })
})

async function answer(request: { id: number } & SqlRequest): Promise<SqlAnswer> {
  try {
    return { id: request.id, results: (await run(request)).map(flatten) }
  } catch (error) {
    if (!isOfStatement(error)) replaceConnection()
    return { id: request.id, failure: failureOf(error) }
  }
}

/** The statement itself was refused, and the connection is as good as before. */
function isOfStatement(error: unknown): boolean {
  return error instanceof LibsqlError && /^SQLITE_(CONSTRAINT|ERROR|MISMATCH|RANGE|TOOBIG)/.test(error.code)
}

/**
 * After a lock that lasted too long, a full disk or an I/O error the client's pooled connection may still be inside a
 * statement; every later batch on it would fail ("cannot commit transaction - SQL statements in progress").
 */
function replaceConnection(): void {
  client?.close()
  client = undefined
}

async function run(request: SqlRequest): Promise<ResultSet[]> {
  if (request.type === 'close') {
    client?.close()
    return []
  }
  client ??= await open()
  switch (request.type) {
    case 'ready':
      return []
    case 'execute':
      return [await client.execute(request.statement)]
    case 'batch':
      return client.batch(request.statements, request.mode)
    case 'migrate':
      return client.migrate(request.statements)
    case 'script':
      await client.executeMultiple(request.sql)
      return []
    case 'copy':
      copy(request.file)
      return []
    default:
      return unreachable(request)
  }
}

/** These pragmas belong to the connection. The file is checked once: that reads all of it. */
async function open(): Promise<Client> {
  if (!isChecked) checkFile()
  isChecked = true
  const opened = createClient({ url, timeout: busyTimeoutMs, concurrency: CONNECTIONS })
  await opened.execute('PRAGMA synchronous = NORMAL')
  await opened.execute('PRAGMA foreign_keys = ON')
  return opened
}

/** WAL stays in the file. A damaged file is refused before it is written to. */
function checkFile(): void {
  const file = fileURLToPath(url)
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const native = new Database(file, { timeout: busyTimeoutMs })
  try {
    native.pragma('journal_mode = WAL')
    const [check] = v.parse(
      v.array(v.object({ quick_check: v.string() })),
      native.prepare('PRAGMA quick_check(1)').all(),
    )
    if (check?.quick_check !== 'ok')
      throw new LibsqlError(`the database is damaged: ${check?.quick_check}`, 'SQLITE_CORRUPT')
  } finally {
    native.close()
  }
}

/** On a connection of its own: VACUUM refuses to run beside an unfinished statement. */
function copy(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const native = new Database(fileURLToPath(url), { timeout: busyTimeoutMs })
  try {
    native.prepare('VACUUM INTO ?').run(file)
  } finally {
    native.close()
  }
}

function flatten(result: ResultSet): FlatResult {
  const { columns, columnTypes, rowsAffected, lastInsertRowid } = result
  const rows = result.rows.map((row) => Array.from({ length: columns.length }, (_, at): Value => row[at] ?? null))
  return { columns, columnTypes, rows, rowsAffected, lastInsertRowid }
}

function failureOf(error: unknown): SqlFailure {
  const message = error instanceof Error ? error.message : String(error)
  const statementIndex = error instanceof LibsqlBatchError ? error.statementIndex : undefined
  if (error instanceof LibsqlError)
    return { message, code: error.code, extendedCode: error.extendedCode, rawCode: error.rawCode, statementIndex }
  // The native package's own error, from opening or copying.
  const code = error instanceof Database.SqliteError ? error.code : 'SQL_THREAD'
  return { message, code, extendedCode: undefined, rawCode: undefined, statementIndex }
}
