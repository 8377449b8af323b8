// The edge's program on Node: reads the configuration, starts the edge, and ends it on SIGTERM, SIGINT or its parent's death.
import { join } from 'node:path'
import { faultOf } from '#shared/fault.ts'
import { tellReady, watchDeathPipe } from '#shared/on-node/child-group.ts'
import { loadDotEnv } from '#shared/on-node/config.ts'
import { makeDataFolder } from '#shared/on-node/data-folder.ts'
import { openLog } from '#shared/on-node/log.ts'
import { readEdgeConfig, type EdgeConfig } from './config.ts'
import { startEdge } from './start-edge.ts'

/** As in sysexits.h: whoever restarts an edge that failed so restarts it in vain. */
const EXIT_CONFIG = 78

process.exit(await run())

/** Resolves with the exit code. */
async function run(): Promise<number> {
  // Conversations, keys and logs are for this user's eyes: files 0600, folders 0700.
  process.umask(0o077)
  loadDotEnv()
  const config = readConfig()
  if (!config) return EXIT_CONFIG
  const stop = stopSignals()
  const { dataDir, logLevel: level } = config
  const logFile = await openLog({ name: 'edge', level, folder: join(dataDir, 'logs') })
  const { log } = logFile
  // A bug that nobody caught must not end the calls of others; it is logged with its stack.
  process.on('uncaughtException', (error) => log.error({ error }, 'a bug outside of a session'))
  process.on('unhandledRejection', (error) => log.error({ error }, 'a bug outside of a session'))
  try {
    const edge = await startEdge(config, { log })
    if (edge.firstKeyFile) log.info({ file: edge.firstKeyFile }, 'made the first API key')
    log.info({ url: edge.url, version: config.version, pid: process.pid }, `ready ${edge.url}`)
    tellReady()
    const reason = await stop.first
    log.info({ reason }, 'stopping')
    await Promise.race([edge.close(), stop.second])
    return 0
  } catch (error) {
    const fault = faultOf(error)
    log.error({ error, fault }, 'the edge failed')
    if (fault.code === 'invalid_message') for (const issue of fault.issues) console.error(issue)
    return fault.code === 'invalid_message' ? EXIT_CONFIG : 1
  } finally {
    await logFile.close()
  }
}

/** Undefined after it has said on stderr what is wrong. There is no log yet. */
function readConfig(): EdgeConfig | undefined {
  try {
    const config = readEdgeConfig()
    makeDataFolder(config.dataDir)
    return config
  } catch (error) {
    const fault = faultOf(error)
    if (fault.code !== 'invalid_message') throw error
    for (const issue of fault.issues) console.error(issue)
    return undefined
  }
}

/** The first signal asks for an orderly end, the second for a quick one. */
function stopSignals(): { first: Promise<string>; second: Promise<void> } {
  const first = Promise.withResolvers<string>()
  const second = Promise.withResolvers<void>()
  let signals = 0
  const onStop = (reason: string): void => {
    signals += 1
    if (signals === 1) first.resolve(reason)
    else second.resolve()
  }
  process.on('SIGTERM', onStop).on('SIGINT', onStop)
  watchDeathPipe(process.env, () => onStop('parent gone'))
  return { first: first.promise, second: second.promise }
}
