// Opens the edge's store for one command and closes it whatever happens. Works beside a running edge: the file takes two
// writers, each waits for the other.
import { readEdgeConfig, type EdgeConfig } from '#edge/runtime/node/config.ts'
import { openDatabase, type OpenDatabase } from '#edge/runtime/node/database.ts'
import type { Store } from '#edge/store/store.ts'
import { createStore } from '#edge/store/store.ts'
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

export async function withDatabase<T>(options: DataOption, run: (database: OpenDatabase) => Promise<T>): Promise<T> {
  const { databaseUrl: url, databaseAuthToken: authToken, dataDir } = edgeConfig(options)
  makeDataFolder(dataDir)
  const database = await openDatabase({ url, authToken })
  try {
    return await run(database)
  } finally {
    await database.close()
  }
}

/** With the schema up to date, so that a first key can be made before the first start. */
export function withStore<T>(options: DataOption, run: (store: Store) => Promise<T>): Promise<T> {
  return withDatabase(options, async (database) => {
    await database.migrate()
    return run(createStore(database.db))
  })
}
