// The engines that this machine is configured for, started as a node starts them and waited for until each has answered. Used by
// engines.ts and listen.ts. Says what it waits for: a server that is not there must not be a silent wait.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '#shared/clock.ts'
import { silentLog } from '#shared/log.ts'
import { engineId, type EngineRole } from '#shared/model/engine.ts'
import type { Fallback } from '#shared/model/turn.ts'
import { readNodeConfig, type NodeConfig } from '#gpu-node/config/node-config.ts'
import type { EnginesPlan } from '#gpu-node/config/plan.ts'
import { chooseEngines } from '#gpu-node/engines/choose-engines.ts'
import type { Engines } from '#gpu-node/engines/ports.ts'
import { EngineReadiness } from '#gpu-node/engines/warm-up.ts'
import type { GpuReading } from '#gpu-node/gpu/gpu-reading.ts'
import { runEngines, type RunEngines } from '#gpu-node/run-engines.ts'
import { monotonicMs } from '#tests/bench/monotonic.ts'

export interface ConfiguredEngines {
  engines: Engines
  plan: EnginesPlan
  runner: RunEngines['runner']
  /** Undefined without a card. */
  card(): GpuReading | undefined
  /** What every request is given, so that insist() knows who answered. */
  onFallback: (fallback: Fallback) => void
  /** Throws where another engine than the wanted one has answered: its figures would be under a wrong name. */
  insist(): void
  stop(): Promise<void>
}

export interface Wait {
  /** An engine that the node starts itself may load tens of gigabytes first. */
  managedMs: number
  /** One that runs elsewhere either answers or does not. */
  attachedMs: number
  everyMs: number
}
export const WAIT: Wait = { managedMs: 15 * 60_000, attachedMs: 60_000, everyMs: 5_000 }

/** Without an edge a node needs no token, but its configuration wants one. */
const NO_EDGE = { NODE_TOKEN: 'no edge is asked for' }

/** Throws FaultError on a wrong configuration, and an Error that names the engines which did not answer in time. */
export async function startConfigured(
  environment: NodeJS.ProcessEnv,
  tell: (line: string) => void,
  wait: Wait = WAIT,
): Promise<ConfiguredEngines> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-bench-'))
  const config: NodeConfig = readNodeConfig({ ...NO_EDGE, ...environment, DATA_DIR: folder })
  const run = runEngines(config, { clock: systemClock, log: silentLog })
  run.start(() => {})
  const chosen = await chooseEngines(config, {
    log: silentLog,
    clock: systemClock,
    runner: run.runner,
    isCardFull: () => false,
    // Nobody else asks: a queue would be the measurement's own.
    ttsQueueMs: () => null,
  })
  const fallbacks: Fallback[] = []
  const stop = async (): Promise<void> => {
    await chosen.close()
    await run.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await answered({ engines: chosen.engines, plan: config.plan, run, tell, wait })
  } catch (error) {
    await stop()
    throw error
  }
  return {
    engines: chosen.engines,
    plan: config.plan,
    runner: run.runner,
    card: () => run.gpu.latest(),
    onFallback: (fallback) => fallbacks.push(fallback),
    insist() {
      const [first] = fallbacks
      if (first)
        throw new Error(`${first.role}: ${first.used} answered in the place of ${first.asked} (${first.reason})`)
    },
    stop,
  }
}

interface Waiting {
  engines: Engines
  plan: EnginesPlan
  run: RunEngines
  tell: (line: string) => void
  wait: Wait
}

async function answered({ engines, plan, run, tell, wait }: Waiting): Promise<void> {
  const readiness = new EngineReadiness(engines, { clock: systemClock, log: silentLog, onChange: () => {} })
  void readiness.start()
  const managed = plan.engines.flatMap((engine) =>
    engine.kind === 'managed' && !engine.launch.onDemand ? [engine.name] : [],
  )
  const roles: EngineRole[] = ['vad', 'stt', 'llm', 'tts']
  const startedAt = monotonicMs()
  const limitMs = managed.length > 0 ? wait.managedMs : wait.attachedMs
  try {
    for (let toldAt = startedAt; ;) {
      const starting = managed.filter((name) => run.runner.state(name) !== 'ready')
      const silent = roles
        .filter((role) => !readiness.isReady(role))
        .map((role) => `${role} ${engineId(engines[role].engine)}`)
      if (starting.length + silent.length === 0) return
      const what = [
        ...starting.map((name) => `${name} (${run.runner.reason(name) ?? run.runner.state(name)})`),
        ...silent,
      ]
      const waitedMs = monotonicMs() - startedAt
      if (waitedMs > limitMs) throw new Error(`no answer within ${limitMs / 1000} s: ${what.join(', ')}`)
      if (monotonicMs() - toldAt >= wait.everyMs) {
        toldAt = monotonicMs()
        tell(`waiting for ${what.join(', ')} … ${Math.round(waitedMs / 1000)} s`)
      }
      await systemClock.sleep(Math.min(wait.everyMs, 100))
    }
  } finally {
    readiness.stop()
  }
}
