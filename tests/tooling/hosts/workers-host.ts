// The whole edge on real workerd, as wrangler.toml says, with a real libSQL server behind it: what suites of both hosts stand on
// in the project `workers`. Offline, on loopback; close() leaves no process and no file.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { TestHarness } from 'wrangler'
import { startLibsqlServer } from '#edge/cli/libsql-server.ts'
import type { Metering } from '#edge/store/quotas.ts'
import type { Store } from '#edge/store/store.ts'
import { openDatabase } from '#edge/runtime/node/database.ts'
import { createStore } from '#edge/store/store.ts'

export interface WorkersHost {
  /** e.g. http://127.0.0.1:8787 */
  url: string
  databaseUrl: string
  /** Of the database, and of nothing else: what the Worker knows is in its objects. */
  dataDir: string
  /** The same database, from Node. */
  store: Store
  harness: TestHarness
  close(): Promise<void>
}

export interface WorkersHostOptions {
  /** The folder of the built page; an empty one when undefined. */
  dist?: string
  variables?: Record<string, string>
  /** Of the store that tests write to from Node; the Worker has its variables. */
  metering?: Metering
  /** The Worker's entry; that of wrangler.toml when undefined. */
  main?: string
}

export async function startWorkersHost(options: WorkersHostOptions = {}): Promise<WorkersHost> {
  // Not above: where workerd does not start, already the import may throw.
  const { createTestHarness } = await import('wrangler')
  const folder = mkdtempSync(join(tmpdir(), 'parley-workers-'))
  const sqld = await startLibsqlServer({ folder: join(folder, 'database') })
  const database = await openDatabase({ url: sqld.url })
  await database.migrate()
  const vars = {
    DATABASE_URL: sqld.url,
    SIGNING_SECRET: 's'.repeat(43),
    LOG_LEVEL: 'warn',
    ...options.variables,
  }
  const harness = createTestHarness({ workers: [{ configPath: writeConfig(folder, options), vars }] })
  const { url } = await harness.listen()
  return {
    url: url.href.replace(/\/$/, ''),
    databaseUrl: sqld.url,
    dataDir: folder,
    store: createStore(database.db, options.metering),
    harness,
    async close() {
      await harness.close()
      await database.close()
      await sqld.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** wrangler.toml with another folder of the page, and another entry; paths in it count from where it lies. */
export function writeConfig(
  folder: string,
  { dist = join(folder, 'dist'), main }: Pick<WorkersHostOptions, 'dist' | 'main'> = {},
): string {
  mkdirSync(dist, { recursive: true })
  const config = join(folder, 'wrangler.toml')
  const text = readFileSync('wrangler.toml', 'utf8')
    .replace(/^main = "(.+)"$/m, (_line, own: string) => `main = ${JSON.stringify(resolve(main ?? own))}`)
    .replaceAll(/(?<= = ")\.\/.+\.ts(?="$)/gm, (file) => resolve(file))
    .replace(/^directory = .*$/m, `directory = ${JSON.stringify(dist)}`)
  writeFileSync(config, text)
  return config
}
