// The open database that each store is given, batches of named statements, and pieces of SQL that several stores share.
// Which client is behind it (a thread with a file, or HTTP) is the host's choice.
import { getTableColumns, sql, type SQL } from 'drizzle-orm'
import type { BatchItem } from 'drizzle-orm/batch'
import type { LibSQLDatabase } from 'drizzle-orm/libsql'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { invariant } from '#shared/invariant.ts'

export type EdgeDatabase = LibSQLDatabase

export type Statement = BatchItem<'sqlite'>
export type BatchResults<S extends Record<string, Statement>> = { [Name in keyof S]: S[Name]['_']['result'] }

/** Runs statements in one transaction, in the order in which they stand; each result has the name of its statement. */
export async function runBatch<S extends Record<string, Statement>>(
  db: EdgeDatabase,
  statements: S,
): Promise<BatchResults<S>> {
  const [first, ...others] = Object.values<Statement>(statements)
  invariant(first !== undefined, 'a batch has a statement')
  const results: unknown[] = await db.batch([first, ...others])
  // Names keep the order in which they were written (ECMA-262 §10.1.11), and none of them is a number.
  const named = Object.keys(statements).map((name, at) => [name, results[at]])
  return Object.fromEntries(named) as BatchResults<S>
}

/** All values of a row in the order of the table's columns: the head of an `insert … select` with a condition. */
export function valuesOf<T extends SQLiteTable>(table: T, row: Required<T['$inferInsert']>): SQL {
  const values: Record<string, unknown> = row
  return inOrder(table, (name, column) => (values[name] === null ? sql`null` : sql`${sql.param(values[name], column)}`))
}

/** As valuesOf(), of what `of` gives for each column. */
export function inOrder(table: SQLiteTable, of: (name: string, column: SQLiteColumn) => SQL): SQL {
  const columns = Object.entries(getTableColumns(table))
  return sql.join(
    columns.map(([name, column]) => of(name, column)),
    sql`, `,
  )
}

/** In `on conflict … do update`: every column but the key takes the value that was to be inserted. */
export function excluded(column: { name: string }): SQL {
  return sql`excluded.${sql.identifier(column.name)}`
}
