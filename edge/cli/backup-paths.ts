// Where the command line finds what a backup is made of, and what a restore writes: the data folder, and the files of this machine.
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { KeptFile } from '#edge/backup/manifest.ts'
import { backupsOf } from '#edge/runtime/node/backup/folders.ts'
import type { EdgeConfig } from '#edge/runtime/node/config.ts'
import { invalid } from '#shared/fault.ts'
import { firstKeyFile, nodeTokenFile } from './data-folder.ts'

export interface BackupPaths {
  dataDir: string
  backups: string
  database: string
  blobs: string
  keptFiles: Record<KeptFile, string>
}

/** `from` is a folder of backups elsewhere. Throws FaultError for a database that is no file. */
export function backupPaths({ dataDir, databaseUrl }: EdgeConfig, from?: string): BackupPaths {
  if (!databaseUrl.startsWith('file:'))
    throw invalid('DATABASE_URL: names a libSQL server, whose database is copied by --out')
  return {
    dataDir,
    backups: from === undefined ? backupsOf(dataDir) : resolve(from),
    database: fileURLToPath(databaseUrl),
    blobs: join(dataDir, 'blobs'),
    keptFiles: {
      'signing-secret': join(dataDir, 'signing-secret'),
      'first-key': firstKeyFile(dataDir),
      'node-token': nodeTokenFile(dataDir),
      'gpu-node.toml': resolve(process.env['GPU_NODE_CONFIG'] || 'gpu-node.toml'),
      'dot-env': resolve('.env'),
    },
  }
}
