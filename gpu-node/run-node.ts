// `npm run gpu-node` without a command: reads the configuration, starts the node, and ends it on SIGTERM, SIGINT or its parent's
// death.
import { systemClock } from '#shared/clock.ts'
import { faultOf } from '#shared/fault.ts'
import { tellReady } from '#shared/on-node/child-group.ts'
import { makeDataFolder } from '#shared/on-node/data-folder.ts'
import { lockDataFolder } from '#shared/on-node/data-folder-lock.ts'
import { EXIT_CONFIG, openProgramLog, prepare, stopSignals } from '#shared/on-node/program.ts'
import { chooseEngines } from '#gpu-node/engines/choose-engines.ts'
import { requireSimd } from '#gpu-node/engines/embedded/silero/silero-vad.ts'
import { createTurnRunner } from '#gpu-node/turn/turn-runner.ts'
import { readNodeConfig } from './config/node-config.ts'
import { runEngines } from './run-engines.ts'
import { startNode, type RunningNode } from './start-node.ts'

/** Resolves with the exit code. */
export async function runNode(): Promise<number> {
  let unlock = async (): Promise<void> => {}
  const config = prepare(() => {
    requireSimd()
    const settings = readNodeConfig()
    makeDataFolder(settings.dataDir)
    // Before the engines: what another node runs here is not a leftover of this one.
    unlock = lockDataFolder(settings.dataDir, 'node')
    return settings
  })
  if (!config) return EXIT_CONFIG
  const stop = stopSignals()
  const logFile = await openProgramLog('gpu-node', config)
  const { log } = logFile
  const engines = runEngines(config, { clock: systemClock, log })
  let running: RunningNode | undefined
  try {
    // Before the node, which waits for the first answers of those that are quick.
    engines.start(() => running?.engineChanged())
    const node = await startNode(config, { log, chooseEngines, createTurns: createTurnRunner, ...engines })
    running = node
    node.ready.then(
      () => {
        log.info({ edgeUrl: config.edgeUrl, name: config.name }, 'ready')
        tellReady()
      },
      () => {},
    )
    const refusal = await Promise.race([stop.first.then(() => undefined), node.refused])
    if (refusal) log.error({ reason: refusal.reason }, 'the edge refuses this node: check NODE_TOKEN and the versions')
    await node.close(stop.second)
    return refusal ? EXIT_CONFIG : 0
  } catch (error) {
    log.error({ error, fault: faultOf(error) }, 'the node failed')
    return 1
  } finally {
    await engines.stop()
    await unlock()
    await logFile.close()
  }
}
