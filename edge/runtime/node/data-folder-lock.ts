// Holds the data folder of one edge: a second edge on the same folder would end the live sessions of the first in the
// database that they share. Used by start-edge.ts. The lock is the operating system's and dies with the program, however it
// dies; a file with a process id would outlive a crash and might name somebody else.
import { join } from 'node:path'
import Database from 'libsql'
import { FaultError } from '#shared/fault.ts'

/** Returns how to let go. Throws FaultError invalid_message where another edge has the folder. */
export function lockDataFolder(dataDir: string): () => Promise<void> {
  // A database without tables: SQLite knows how to lock a file on every system.
  const lock = new Database(join(dataDir, 'edge.lock'), { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    lock.close()
    if (!(cause instanceof Database.SqliteError) || cause.code !== 'SQLITE_BUSY') throw cause
    throw new FaultError(
      { code: 'invalid_message', issues: [`DATA_DIR: ${dataDir} is in use by another edge`] },
      { cause },
    )
  }
  return async () => void lock.close()
}
