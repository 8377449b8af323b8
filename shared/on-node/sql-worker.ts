// An @libsql/client Client for one database file, whose work happens in a thread: the file client is synchronous, and a
// search on the main thread would stop the audio. Used by the edge and by the GPU node's outbox. Knows no table.
import { Worker } from 'node:worker_threads'
import {
  LibsqlBatchError,
  LibsqlError,
  type Client,
  type InArgs,
  type InStatement,
  type ResultSet,
  type Row,
  type Transaction,
  type TransactionMode,
} from '@libsql/client'
import { FaultError } from '#shared/fault.ts'
import type { FlatResult, SqlAnswer, SqlFailure, SqlRequest, Statement } from './sql-messages.ts'

/** Requests that wait for the thread. At about 1 ms each, more would keep a caller waiting longer than a second. */
export const MAX_QUEUED_REQUESTS = 1_000
const RETRY_AFTER_MS = 1_000
/** Another process (the CLI beside the edge) may hold the write lock this long: its batches take milliseconds. */
const BUSY_TIMEOUT_MS = 5_000

export interface SqlWorkerOptions {
  /** How long a statement waits for a lock of another connection. 5,000 where it is not given. */
  busyTimeoutMs?: number
}

interface Waiting {
  resolve(results: ResultSet[]): void
  reject(error: Error): void
}

/** Opens (or makes) the file of a `file:` URL. Throws what the database says when it cannot be opened. */
export async function openSqlWorker(url: string, options: SqlWorkerOptions = {}): Promise<SqlWorker> {
  const worker = new SqlWorker(url, options)
  try {
    await worker.ready()
  } catch (error) {
    await worker.end()
    throw error
  }
  return worker
}

export class SqlWorker implements Client {
  readonly protocol = 'file'
  closed = false
  readonly #settings: { url: string; busyTimeoutMs: number }
  readonly #waiting = new Map<number, Waiting>()
  #thread: Worker | undefined
  #exited: Promise<unknown> = Promise.resolve()
  #nextId = 1

  constructor(url: string, { busyTimeoutMs = BUSY_TIMEOUT_MS }: SqlWorkerOptions = {}) {
    this.#settings = { url, busyTimeoutMs }
  }

  async ready(): Promise<void> {
    await this.#ask({ type: 'ready' })
  }

  async execute(statement: InStatement, args?: InArgs): Promise<ResultSet> {
    const [result] = await this.#ask({ type: 'execute', statement: normal(statement, args) })
    if (!result) throw new LibsqlError('the SQL thread gave no result', 'SQL_THREAD')
    return result
  }

  batch(statements: Array<InStatement | [string, InArgs?]>, mode: TransactionMode = 'write'): Promise<ResultSet[]> {
    const normals = statements.map((one) => (Array.isArray(one) ? normal(one[0], one[1]) : normal(one)))
    return this.#ask({ type: 'batch', statements: normals, mode })
  }

  migrate(statements: InStatement[]): Promise<ResultSet[]> {
    return this.#ask({ type: 'migrate', statements: statements.map((one) => normal(one)) })
  }

  async executeMultiple(sql: string): Promise<void> {
    await this.#ask({ type: 'script', sql })
  }

  /** A consistent copy of the live database, in a new file. */
  async copyInto(file: string): Promise<void> {
    await this.#ask({ type: 'copy', file })
  }

  /** Not offered: a transaction that waits for its owner would hold the one connection. Stores use batch(). */
  transaction(): Promise<Transaction> {
    return Promise.reject(new LibsqlError('interactive transactions are not offered', 'TRANSACTION_UNSUPPORTED'))
  }

  sync(): Promise<undefined> {
    return Promise.reject(new LibsqlError('a file has nothing to sync with', 'SYNC_NOT_SUPPORTED'))
  }

  reconnect(): void {
    this.closed = false
  }

  close(): void {
    void this.end()
  }

  /** Finishes what is queued, then closes the file and the thread. */
  async end(): Promise<void> {
    // A thread that fails to close has died: #exited says so as well.
    if (this.#thread && !this.closed) this.#ask({ type: 'close' }).catch(() => {})
    this.closed = true
    await this.#exited
  }

  #ask(request: SqlRequest): Promise<ResultSet[]> {
    if (this.closed) return Promise.reject(new LibsqlError('the client is closed', 'CLIENT_CLOSED'))
    if (this.#waiting.size >= MAX_QUEUED_REQUESTS)
      return Promise.reject(new FaultError({ code: 'unavailable', what: 'database', retryAfterMs: RETRY_AFTER_MS }))
    const thread = (this.#thread ??= this.#start())
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      thread.postMessage({ id, ...request })
    })
  }

  /** A thread that died is started anew by the next request; what it had in hand fails. */
  #start(): Worker {
    const thread = new Worker(new URL('./sql-file-worker.ts', import.meta.url), { workerData: this.#settings })
    let cause: unknown
    thread.on('message', (answer: SqlAnswer) => this.#settle(answer))
    thread.on('error', (error) => {
      cause = error
    })
    this.#exited = new Promise((resolve) => thread.once('exit', resolve)).then(() => {
      this.#thread = undefined
      const fault = { code: 'unavailable', what: 'database', retryAfterMs: RETRY_AFTER_MS } as const
      for (const waiting of this.#waiting.values()) waiting.reject(new FaultError(fault, { cause }))
      this.#waiting.clear()
    })
    return thread
  }

  #settle(answer: SqlAnswer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if ('failure' in answer) waiting?.reject(revive(answer.failure))
    else waiting?.resolve(answer.results.map(unflatten))
  }
}

function normal(statement: InStatement, args?: InArgs): Statement {
  if (typeof statement === 'string') return { sql: statement, args: args ?? [] }
  return { sql: statement.sql, args: statement.args ?? [] }
}

function revive(failure: SqlFailure): LibsqlError {
  const { message, code, extendedCode, rawCode, statementIndex } = failure
  if (statementIndex === undefined) return new LibsqlError(message, code, extendedCode, rawCode)
  return new LibsqlBatchError(message, statementIndex, code, extendedCode, rawCode)
}

function unflatten(flat: FlatResult): ResultSet {
  const rows = flat.rows.map((values) => rowOf(flat.columns, values))
  return { ...flat, rows, toJSON: () => ({ ...flat, lastInsertRowid: flat.lastInsertRowid?.toString() ?? null }) }
}

/** The client's row: values by name are enumerable, values by number and the length are not. */
function rowOf(columns: string[], values: FlatResult['rows'][number]): Row {
  const row: Row = Object.defineProperty({ length: values.length }, 'length', { enumerable: false })
  values.forEach((value, at) => {
    Object.defineProperty(row, at, { value })
    const column = columns[at]
    if (column !== undefined && !Object.hasOwn(row, column)) row[column] = value
  })
  return row
}
