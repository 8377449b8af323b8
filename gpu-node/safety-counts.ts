// What the safety filters of this node did since it started, in Prometheus' text format, for GET /metrics of app.ts. Fed with each
// finished turn; knows no text of it.
import type { TurnRecord } from '#shared/model/turn.ts'

const NAME = 'parley_node_safety_decisions_total'
/** Layers times families times actions are some hundred; a label is never a caller's. */
const MAX_SERIES = 500

export class SafetyCounts {
  readonly #counts = new Map<string, number>()

  note({ safety = [] }: Pick<TurnRecord, 'safety'>): void {
    for (const { layer, family, action } of safety) {
      const key = `{layer="${layer}",family="${family}",action="${action}"}`
      if (this.#counts.has(key) || this.#counts.size < MAX_SERIES)
        this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
    }
  }

  text(): string {
    const lines = [...this.#counts].map(([key, count]) => `${NAME}${key} ${count}\n`)
    return `# HELP ${NAME} What the safety filters did.\n# TYPE ${NAME} counter\n${lines.join('')}`
  }
}
