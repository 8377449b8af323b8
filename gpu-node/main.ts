// The GPU node's program: reads the configuration, starts the node, and ends it on SIGTERM, SIGINT or its parent's death.
import { join } from 'node:path'
import { faultOf } from '#shared/fault.ts'
import { tellReady, watchDeathPipe } from '#shared/on-node/child-group.ts'
import { loadDotEnv } from '#shared/on-node/config.ts'
import { makeDataFolder } from '#shared/on-node/data-folder.ts'
import { openLog } from '#shared/on-node/log.ts'
import { chooseEngines } from '#gpu-node/engines/choose-engines.ts'
import { createTurnRunner } from '#gpu-node/turn/turn-runner.ts'
import type { NodeConfig } from './config.ts'
import { readNodeConfig } from './config.ts'
import { startNode } from './start-node.ts'

/** As in sysexits.h: whoever restarts a node that failed so restarts it in vain. */
const EXIT_CONFIG = 78

process.exit(await run())

/** Resolves with the exit code. */
async function run(): Promise<number> {
  // Turns that wait for the edge, and logs, are for this user's eyes: files 0600, folders 0700.
  process.umask(0o077)
  loadDotEnv()
  const config = readConfig()
  if (!config) return EXIT_CONFIG
  const stopped = stopSignals()
  const logFile = await openLog({
    name: 'gpu-node',
    level: config.logLevel,
    folder: join(config.dataDir, 'logs'),
  })
  const { log } = logFile
  // A bug outside of a session must not end the calls of the others.
  process.on('uncaughtException', (error) => log.error({ error }, 'a bug outside of a session'))
  process.on('unhandledRejection', (error) => log.error({ error }, 'a bug outside of a session'))
  try {
    const node = await startNode(config, { log, chooseEngines, createTurns: createTurnRunner })
    node.ready.then(
      () => {
        log.info({ edgeUrl: config.edgeUrl, name: config.name }, 'ready')
        tellReady()
      },
      () => {},
    )
    const refusal = await Promise.race([stopped.first, node.refused])
    if (refusal) log.error({ reason: refusal.reason }, 'the edge refuses this node: check NODE_TOKEN and the versions')
    await node.close(stopped.second)
    return refusal ? EXIT_CONFIG : 0
  } catch (error) {
    log.error({ error, fault: faultOf(error) }, 'the node failed')
    return 1
  } finally {
    await logFile.close()
  }
}

/** Undefined after it has said on stderr what is wrong. There is no log yet. */
function readConfig(): NodeConfig | undefined {
  try {
    const config = readNodeConfig()
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
function stopSignals(): { first: Promise<undefined>; second: AbortSignal } {
  const first = Promise.withResolvers<undefined>()
  const second = new AbortController()
  let signals = 0
  const onStop = (): void => {
    signals += 1
    if (signals === 1) first.resolve(undefined)
    else second.abort('shutdown')
  }
  process.on('SIGTERM', onStop).on('SIGINT', onStop)
  watchDeathPipe(process.env, onStop)
  return { first: first.promise, second: second.signal }
}
