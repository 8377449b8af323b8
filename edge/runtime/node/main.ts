// The edge's program on Node: reads the configuration, starts the edge, and ends it on SIGTERM, SIGINT or its parent's death.
import { once } from 'node:events'
import { defineCommand } from 'citty'
import { faultOf } from '#shared/fault.ts'
import { tellReady } from '#shared/on-node/child-group.ts'
import { runCommandLine } from '#shared/on-node/command-line.ts'
import { writeEdgeAddress } from '#shared/on-node/edge-address.ts'
import { EXIT_CONFIG, openProgramLog, prepare, stopSignals } from '#shared/on-node/program.ts'
import { readEdgeConfig } from './config.ts'

const main = defineCommand({
  meta: {
    name: 'edge',
    description: 'Run the edge. It is set by variables of the environment, which .env.example lists',
  },
  run: async () => process.exit(await run()),
})
process.exit(await runCommandLine({ name: 'edge', main }, process.argv.slice(2)))

/** Resolves with the exit code. */
async function run(): Promise<number> {
  const config = prepare(() => readEdgeConfig())
  if (!config) return EXIT_CONFIG
  const stop = stopSignals()
  const logFile = await openProgramLog('edge', config)
  const { log } = logFile
  try {
    // Loaded here, so that help costs nothing.
    const { startEdge } = await import('./start-edge.ts')
    const edge = await startEdge(config, { log })
    if (edge.firstKeyFile) log.info({ file: edge.firstKeyFile }, 'made the first API key')
    log.info({ url: edge.url, version: config.version, pid: process.pid }, `ready ${edge.url}`)
    const forgetAddress = writeEdgeAddress(config.dataDir, edge.url)
    tellReady()
    const reason = await stop.first
    log.info({ reason }, 'stopping')
    forgetAddress()
    const hurry = stop.second.aborted ? Promise.resolve() : once(stop.second, 'abort')
    await Promise.race([edge.close(), hurry])
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
