// Keeps the GPU node of `parley start` running beside the edge, which goes on whatever becomes of the node: after a crash it is
// started again, and where the edge refuses it for good it is given up. Used by start.ts; it knows no program.
import { restartDelayMs } from '#shared/backoff.ts'
import type { Clock } from '#shared/clock.ts'
import type { ChildGroup, ProgramEnd } from '#shared/on-node/child-group.ts'
import { EXIT_CONFIG } from '#shared/on-node/program.ts'

/** After a run of this length the node counts as healthy, and its waits begin anew. */
const HEALTHY_AFTER_MS = 60_000

export interface KeptNodeOptions {
  launch: () => ChildGroup
  say: (text: string) => void
  clock: Clock
  random?: () => number
}

export class KeptNode {
  readonly #options: KeptNodeOptions
  readonly #stopping = new AbortController()
  #group: ChildGroup
  #kept: Promise<void> = Promise.resolve()

  /** Launches it for the first time. */
  constructor(options: KeptNodeOptions) {
    this.#options = options
    this.#group = options.launch()
  }

  /** The first launch, for the caller to wait for; it decides what becomes of a failure. */
  get first(): Pick<ChildGroup, 'ready' | 'ended'> {
    return this.#group
  }

  /** From now on a node that ends is started again or given up. */
  keep(): void {
    this.#kept = this.#keep()
  }

  async stop(): Promise<void> {
    this.#stopping.abort('shutdown')
    await this.#group.stop()
    await this.#kept
  }

  async #keep(): Promise<void> {
    const { clock, launch, say, random = Math.random } = this.#options
    let startedAt = clock.now()
    for (let tries = 0; ; tries++) {
      const end = await this.#group.ended
      if (this.#stopping.signal.aborted) return
      if (end.code === EXIT_CONFIG) return say(REFUSED)
      if (clock.now() - startedAt >= HEALTHY_AFTER_MS) tries = 0
      const delayMs = restartDelayMs(tries, random())
      say(crashed(end, delayMs))
      try {
        await clock.sleep(delayMs, this.#stopping.signal)
      } catch {
        // Everything is being stopped.
        return
      }
      startedAt = clock.now()
      this.#group = launch()
    }
  }
}

const REFUSED =
  'the edge refuses the GPU node of this machine, or its settings are wrong; the edge goes on without it, and the next start gives it a new token'

function crashed({ how }: ProgramEnd, delayMs: number): string {
  return `the GPU node ended: ${how}; the edge goes on, and the node is started again in ${Math.ceil(delayMs / 1000)} s`
}
