// Holds a data folder for one program of a kind. A second edge would end the live sessions of the first in the database that they
// share; a second GPU node would send the first one's turns and end its engines. Used where edge and node start. The lock is
// the operating system's and dies with the program, however it dies; a file with a process id would outlive a crash and might
// name somebody else.
import { join } from 'node:path'
import Database from 'libsql'
import { invalid } from '#shared/fault.ts'

/** An edge and the GPU node of one machine share a folder, so each kind has a lock of its own. */
const HOLDERS = {
  edge: { file: 'edge.lock', other: 'another edge' },
  node: { file: 'node.lock', other: 'another GPU node' },
  /** In the folder of backups: one that is being read must not be dropped as too old meanwhile. */
  backup: { file: 'backup.lock', other: 'another backup, verification or restore' },
}

/** Returns how to let go. Throws FaultError invalid_message where another program of the kind has the folder. */
export function lockDataFolder(dataDir: string, holder: keyof typeof HOLDERS): () => Promise<void> {
  const { file, other } = HOLDERS[holder]
  // A database without tables: SQLite knows how to lock a file on every system.
  const lock = new Database(join(dataDir, file), { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    lock.close()
    if (!(cause instanceof Database.SqliteError) || cause.code !== 'SQLITE_BUSY') throw cause
    throw invalid(`DATA_DIR: ${dataDir} is in use by ${other}`, { cause })
  }
  return async () => void lock.close()
}
