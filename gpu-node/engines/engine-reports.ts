// What the node tells an operator of each engine, from what is at hand: the plan, the supervisor, the queues, and the last turns. Knows
// no wire.
import { engineId, type EngineReport, type EngineRole } from '#shared/model/engine.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import type { EngineMember } from './choose-engines.ts'
import type { EngineLoad } from './load/load-poll.ts'

/** How many turns of each engine are kept: enough for a p95, few enough to follow a change. */
const TURNS_KEPT = 200

/** The supervisor, as far as reports need it. */
export interface ReportedRunner {
  reason?(name: string): string | undefined
  vramBytes?(name: string): Promise<number | null>
}

export interface EngineReportsOptions {
  members: readonly EngineMember[]
  load: () => EngineLoad
  runner: ReportedRunner | undefined
}

export class EngineReports {
  readonly #options: EngineReportsOptions
  readonly #latencies = new Map<string, number[]>()
  readonly #fallbacks = new Map<string, Record<string, number>>()

  constructor(options: EngineReportsOptions) {
    this.#options = options
  }

  /** Called once for each finished turn. */
  note({ engines, timings, fallbacks = [] }: TurnRecord): void {
    this.#noteMs(engines.stt, timings.sttMs)
    this.#noteMs(engines.llm, timings.llmFirstTokenMs)
    this.#noteMs(engines.tts, timings.ttsFirstAudioMs)
    for (const { asked, reason } of fallbacks) {
      const counted = this.#fallbacks.get(asked) ?? {}
      this.#fallbacks.set(asked, { ...counted, [reason]: (counted[reason] ?? 0) + 1 })
    }
  }

  report(): Promise<EngineReport[]> {
    const { members, runner } = this.#options
    const load = this.#options.load()
    return Promise.all(
      members.map(async ({ info, id, kind, state }) => {
        const isManaged = kind === 'managed'
        return {
          ...info,
          id,
          kind,
          state: state(),
          reason: (isManaged ? runner?.reason?.(id) : undefined) ?? null,
          device: kind === 'embedded' ? 'cpu' : null,
          vramBytes: isManaged ? ((await runner?.vramBytes?.(id)) ?? null) : null,
          queueMs: kind === 'embedded' ? null : queueOf(info.role, load),
          latencyMs: this.#latencyOf(engineId(info)),
          fallbacks: this.#fallbacks.get(engineId(info)) ?? {},
        }
      }),
    )
  }

  #noteMs(id: string | undefined, ms: number | null): void {
    if (id === undefined || ms === null) return
    this.#latencies.set(id, [...(this.#latencies.get(id) ?? []), ms].slice(-TURNS_KEPT))
  }

  #latencyOf(id: string): EngineReport['latencyMs'] {
    const sorted = (this.#latencies.get(id) ?? []).toSorted((a, b) => a - b)
    // The nearest rank: a value that was measured.
    const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0
    return sorted.length > 0 ? { p50: at(0.5), p95: at(0.95), turns: sorted.length } : null
  }
}

function queueOf(role: EngineRole, { sttQueueMs, ttsQueueMs }: EngineLoad): number | null {
  if (role === 'stt') return sttQueueMs
  return role === 'tts' ? ttsQueueMs : null
}
