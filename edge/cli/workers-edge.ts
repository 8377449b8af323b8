// The edge on local workerd as a program, for `parley start --host workers`: a libSQL server, its migrations, the first key and
// the local node's token, then `wrangler dev` with wrangler.toml as it is deployed. Offline, without login and telemetry.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openDatabase } from '#edge/runtime/node/database.ts'
import { makeFirstKey, readOrMakeSigningSecret } from '#edge/runtime/node/secret-files.ts'
import { createStore } from '#edge/store/store.ts'
import { tellReady, watchDeathPipe } from '#shared/on-node/child-group.ts'
import { writeEdgeAddress } from '#shared/on-node/edge-address.ts'
import { startLibsqlServer } from './libsql-server.ts'
import { nodeTokenOf } from './local-node.ts'

const WRANGLER = fileURLToPath(new URL('../../node_modules/wrangler/bin/wrangler.js', import.meta.url))
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** With these wrangler asks nobody, writes nothing outside the data folder and reads no settings but the file it is given. */
const QUIET = {
  CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV: 'true',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_WRITE_LOGS: 'false',
  WRANGLER_LOG: 'warn',
  NO_COLOR: '1',
}

process.exit(await run(process.env['DATA_DIR'] ?? 'data/workers', process.env['PORT'] ?? '8787'))

/** Resolves with the exit code. */
async function run(data: string, port: string): Promise<number> {
  process.umask(0o077)
  const stop = Promise.withResolvers<number>()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.resolve(0))
  watchDeathPipe(process.env, () => stop.resolve(0))
  const sqld = await startLibsqlServer({ folder: join(data, 'database') })
  let wrangler: ChildProcess | undefined
  let forgetAddress = (): void => {}
  try {
    await prepare(data, sqld.url)
    wrangler = startWrangler(data, port, sqld.url)
    void sqld.ended.then(() => stop.resolve(1))
    void once(wrangler, 'exit').then(() => stop.resolve(1))
    // The only thing that wrangler says over this channel.
    wrangler.once('message', () => {
      forgetAddress = writeEdgeAddress(data, `http://127.0.0.1:${port}`)
      tellReady()
    })
    return await stop.promise
  } finally {
    forgetAddress()
    await end(wrangler)
    await sqld.close()
  }
}

async function prepare(data: string, url: string): Promise<void> {
  const database = await openDatabase({ url })
  try {
    await database.migrate()
    const { keys, nodes } = createStore(database.db)
    await makeFirstKey(keys, { dataDir: data, now: Date.now() })
    await nodeTokenOf(nodes, data)
  } finally {
    await database.close()
  }
}

function startWrangler(data: string, port: string, databaseUrl: string): ChildProcess {
  const folder = join(data, 'wrangler')
  const variables = join(folder, 'variables.env')
  mkdirSync(folder, { recursive: true })
  writeFileSync(variables, `DATABASE_URL=${databaseUrl}\nSIGNING_SECRET=${readOrMakeSigningSecret(data)}\n`)
  const options = {
    ip: '127.0.0.1',
    port,
    // Any free one: two edges on one machine must not meet.
    'inspector-port': '0',
    'persist-to': join(folder, 'state'),
    'env-file': variables,
    'show-interactive-dev-session': 'false',
  }
  const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
  return spawn(process.execPath, [WRANGLER, 'dev', '--local', ...args], {
    cwd: ROOT,
    env: { ...process.env, ...QUIET, XDG_CONFIG_HOME: folder },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
}

async function end(wrangler: ChildProcess | undefined): Promise<void> {
  if (!wrangler || wrangler.exitCode !== null || wrangler.signalCode !== null) return
  // It ends both of its workerd processes; what it leaves is of this process's group, which is killed after it.
  wrangler.kill('SIGTERM')
  await once(wrangler, 'exit')
}
