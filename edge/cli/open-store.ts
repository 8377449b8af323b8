// Opens the edge's store for one command and closes it whatever happens. Works beside a running edge: the file takes
// two writers, each waits for the other. Only commands that begin an edge may make a database: elsewhere a missing one
// means that the path is wrong.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { listingDeletions } from '#edge/runtime/node/backup/deletion-list.ts'
import { backupsOf } from '#edge/runtime/node/backup/folders.ts'
import { readEdgeConfig, type EdgeConfig } from '#edge/runtime/node/config.ts'
import { openDatabase, type OpenDatabase } from '#edge/runtime/node/database.ts'
import type { Store } from '#edge/store/store.ts'
import { createStore } from '#edge/store/store.ts'
import { invalid } from '#shared/fault.ts'
import { loadDotEnv } from '#shared/on-node/config.ts'
import { makeDataFolder } from '#shared/on-node/data-folder.ts'

export { dataOption } from './data-folder.ts'

/** The option of commands that also take a database far away. Its token stays in the environment, never on a command line. */
export const urlOption = {
  type: 'string',
  description: 'Address of a libSQL server; default: DATABASE_URL. Its token: DATABASE_AUTH_TOKEN',
} as const

export interface DataOption {
  data?: string | undefined
  url?: string | undefined
}

/** The settings of the edge, with what the command line says first. */
export function edgeConfig({ data, url }: DataOption): EdgeConfig {
  loadDotEnv()
  return readEdgeConfig({
    ...process.env,
    ...(data !== undefined && { DATA_DIR: data }),
    ...(url !== undefined && { DATABASE_URL: url }),
  })
}

export interface OpeningOption {
  /** Makes the database where there is none; without it a missing database is refused. */
  mayMake?: boolean
}

/** Throws FaultError invalid_message for a database file that is not there. */
export function requireDatabase(url: string): void {
  if (!url.startsWith('file:') || existsSync(fileURLToPath(url))) return
  throw invalid(`--data: there is no database ${fileURLToPath(url)}; only start and migrate make one`)
}

export async function withDatabase<T>(
  options: DataOption,
  run: (database: OpenDatabase) => Promise<T>,
  { mayMake = false }: OpeningOption = {},
): Promise<T> {
  const { databaseUrl: url, databaseAuthToken: authToken, dataDir } = edgeConfig(options)
  if (mayMake) makeDataFolder(dataDir)
  else requireDatabase(url)
  const database = await openDatabase({ url, authToken })
  try {
    return await run(database)
  } finally {
    await database.close()
  }
}

/** Brings the schema up to date first: a command may be newer than the edge that ran last. */
export function withStore<T>(
  options: DataOption,
  run: (store: Store) => Promise<T>,
  opening: OpeningOption = {},
): Promise<T> {
  const migrated = async (database: OpenDatabase): Promise<T> => {
    await database.migrate()
    return run(listingDeletions(createStore(database.db), backupsOf(edgeConfig(options).dataDir)))
  }
  return withDatabase(options, migrated, opening)
}
