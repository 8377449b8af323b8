// What the two ends of the SQL thread say to each other. Plain objects only: they are cloned between threads.
import type { InArgs, TransactionMode, Value } from '@libsql/client'

export interface Statement {
  sql: string
  args: InArgs
}

export type SqlRequest =
  | { type: 'ready' }
  | { type: 'execute'; statement: Statement }
  | { type: 'batch'; statements: Statement[]; mode: TransactionMode }
  | { type: 'migrate'; statements: Statement[] }
  | { type: 'script'; sql: string }
  /** A consistent copy of the live database, in a new file. */
  | { type: 'copy'; file: string }
  | { type: 'close' }

/** A result set without its row objects, which would lose their shape when cloned. */
export interface FlatResult {
  columns: string[]
  columnTypes: string[]
  rows: Value[][]
  rowsAffected: number
  lastInsertRowid: bigint | undefined
}

/** A LibsqlError survives the way between threads as its fields. */
export interface SqlFailure {
  message: string
  code: string
  extendedCode: string | undefined
  rawCode: number | undefined
  statementIndex: number | undefined
}

export type SqlAnswer = { id: number; results: FlatResult[] } | { id: number; failure: SqlFailure }
