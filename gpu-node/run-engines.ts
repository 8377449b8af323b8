// What stands beside a node that starts engines itself: the reader of the card, the supervisor, and how far the engines are behind.
// Made by main.ts and handed to start-node.ts as ports. Chooses and connects, no more.
import { join } from 'node:path'
import type { Clock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import type { NodeConfig } from '#gpu-node/config/node-config.ts'
import { EMBEDDED, ROLES, type EnginesPlan } from '#gpu-node/config/plan.ts'
import { LoadPoll, type EngineLoad, type LoadSource } from '#gpu-node/engines/load/load-poll.ts'
import { managedEngines } from '#gpu-node/engines/managed-engines.ts'
import type { GpuReader } from '#gpu-node/gpu/gpu-reading.ts'
import { NvidiaSmi } from '#gpu-node/gpu/nvidia-smi.ts'
import { Supervisor } from '#gpu-node/supervisor/supervisor.ts'

export interface RunEngines {
  runner: Supervisor
  gpu: GpuReader
  load: () => EngineLoad
  /** Starts them in their order, without waiting. `onChange`: one of them is in another state. */
  start(onChange: () => void): void
  /** Ends them, and resolves when nothing of them is left. */
  stop(): Promise<void>
}

export function runEngines(
  config: Pick<NodeConfig, 'plan' | 'dataDir' | 'gpu'>,
  { clock, log }: { clock: Clock; log: Log },
): RunEngines {
  const gpu = new NvidiaSmi({ clock, log, ...config.gpu })
  let changed = (): void => {}
  const runner = new Supervisor({
    engines: managedEngines(config.plan, log),
    gpu,
    clock,
    log,
    folder: join(config.dataDir, 'engines'),
    onChange: () => changed(),
  })
  const poll = new LoadPoll({ sources: sourcesOf(config.plan), clock })
  return {
    runner,
    gpu,
    load: () => poll.latest(),
    start(onChange) {
      changed = onChange
      gpu.start()
      poll.start()
      // Who fails is logged and tried again by the supervisor itself.
      runner.start().catch((error: unknown) => log.error({ error }, 'the engines cannot be started'))
    },
    async stop() {
      poll.stop()
      await runner.stop()
      gpu.stop()
    },
  }
}

/** Servers elsewhere that have such gauges; others would only be pestered. */
const TELLING_DIALECTS: ReadonlySet<string> = new Set(['vllm', 'parley'])

function sourcesOf({ engines, chains }: EnginesPlan): LoadSource[] {
  return engines.flatMap((plan) => {
    const chain = ROLES.find((role) => chains[role].includes(plan.name))
    if (plan.kind === 'embedded' || plan.name === EMBEDDED || !chain) return []
    if (plan.kind === 'attached' && !TELLING_DIALECTS.has(plan.server.dialect)) return []
    return [{ role: chain === 'llm' || chain === 'stt' ? chain : 'tts', url: plan.server.url }]
  })
}
