// What the LLM says, as far as it may be said: its tokens go through the output filter before anything else sees them. Used by the
// reply pipeline. Bounded by MAX_TURN_TEXT_CHARS.
import { MAX_TURN_TEXT_CHARS } from '#shared/model/turn.ts'
import { MAX_DECISIONS, type SafetyDecision } from '#shared/safety/decision.ts'
import type { Filtered, OutputFilter } from '#shared/safety/output-filter.ts'
import type { ReplyGuard } from '#gpu-node/turn/guard.ts'

export class GuardedWords {
  readonly #guard: ReplyGuard
  #filter: OutputFilter
  /** All that was let through. */
  text = ''
  /** The filter has ended the reply. */
  isEnded = false
  /** Each once: the turn says what was decided, not how often. */
  readonly decisions: SafetyDecision[] = []

  constructor(guard: ReplyGuard) {
    this.#guard = guard
    this.#filter = guard.createFilter()
    if (guard.decision) this.decisions.push(guard.decision)
  }

  get isFull(): boolean {
    return this.text.length >= MAX_TURN_TEXT_CHARS
  }

  /** The LLM is asked, perhaps again: what an earlier answer began is forgotten. */
  begin(): void {
    this.#filter = this.#guard.createFilter()
  }

  /** What may be said by now. */
  push(token: string): string {
    return this.#take(this.#filter.push(token))
  }

  /** What was held back when the answer was over, or broke off. */
  end(): string {
    return this.#take(this.#filter.flush())
  }

  #take({ text, decisions, isEnded }: Filtered): string {
    const said = text.slice(0, MAX_TURN_TEXT_CHARS - this.text.length)
    this.text += said
    this.isEnded = isEnded
    for (const decision of decisions) {
      const isKnown = this.decisions.some(({ layer, family }) => layer === decision.layer && family === decision.family)
      if (!isKnown && this.decisions.length < MAX_DECISIONS) this.decisions.push(decision)
    }
    return said
  }
}
