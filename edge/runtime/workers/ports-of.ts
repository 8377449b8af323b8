// The ports that Worker and objects share, made from the bindings: each isolate and each object makes its own, once.
import type { Metrics } from '#edge/ports.ts'
import type { Store } from '#edge/store/store.ts'
import { createStore } from '#edge/store/store.ts'
import { systemClock, type Clock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import type { Bindings } from './bindings.ts'
import { type EdgeConfig, readEdgeConfig } from './config.ts'
import { openDatabase } from './database.ts'
import { createLog } from './log.ts'
import { createMetrics } from './metrics.ts'

/** One for all that runs in this isolate. */
const metrics = createMetrics()

export interface SharedPorts {
  clock: Clock
  log: Log
  store: Store
  metrics: Metrics
  config: EdgeConfig
}

/** Throws FaultError invalid_message where a variable is missing or wrong. */
export function portsOf(bindings: Bindings): SharedPorts {
  const config = readEdgeConfig(bindings)
  const { databaseUrl: url, databaseAuthToken: authToken } = config
  const store = createStore(openDatabase({ url, authToken }), config.metering)
  return { clock: systemClock, log: createLog(config.logLevel), store, metrics, config }
}
