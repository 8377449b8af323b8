// The type of the open database that each store is given, and the pieces of SQL that several stores share. Which client is
// behind it (a thread with a file, or HTTP) is the host's choice.
import { getTableColumns, sql, type SQL } from 'drizzle-orm'
import type { LibSQLDatabase } from 'drizzle-orm/libsql'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'

export type EdgeDatabase = LibSQLDatabase

/** All values of a row in the order of the table's columns: the head of an `insert … select` with a condition. */
export function valuesOf<T extends SQLiteTable>(table: T, row: Required<T['$inferInsert']>): SQL {
  const values: Record<string, unknown> = row
  const columns = Object.entries(getTableColumns(table))
  return sql.join(
    columns.map(([name, column]) => (values[name] === null ? sql`null` : sql`${sql.param(values[name], column)}`)),
    sql`, `,
  )
}

/** In `on conflict … do update`: every column but the key takes the value that was to be inserted. */
export function excluded(column: { name: string }): SQL {
  return sql`excluded.${sql.identifier(column.name)}`
}
