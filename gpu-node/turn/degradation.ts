// Tells a session's caller when an engine gives way to a simpler one, when that changes, and when the wanted engine is back;
// not in each turn. Keeps the fallbacks of a turn for its record. Used by runner, replies and effects.
import { MAX_FALLBACKS, type Fallback, type TurnRecord } from '#shared/model/turn.ts'
import type { EngineRole } from '#shared/model/engine.ts'
import type { TurnSink } from './ports.ts'
import type { OpenTurn } from './turn-ledger.ts'

export class Degradation {
  readonly #sink: Pick<TurnSink, 'send'>
  /** What the caller was last told of each role. */
  readonly #told = new Map<EngineRole, string>()

  constructor(sink: Pick<TurnSink, 'send'>) {
    this.#sink = sink
  }

  fellBack(turn: OpenTurn, fallback: Fallback): void {
    const { role, used, reason } = fallback
    const isKnown = turn.fallbacks.some(
      (known) => known.role === role && known.used === used && known.reason === reason,
    )
    if (!isKnown && turn.fallbacks.length < MAX_FALLBACKS) turn.fallbacks.push(fallback)
    const state = `${used} ${reason}`
    if (this.#told.get(role) === state) return
    this.#told.set(role, state)
    this.#sink.send({ type: 'session.notice', notice: 'degraded', turnId: turn.id, detail: `${role} ${reason}` })
  }

  /** A whole turn that needed no fallback shows that the wanted engine is back. */
  finished({ id, status, engines, fallbacks = [] }: TurnRecord): void {
    if (status !== 'complete') return
    for (const role of this.#told.keys()) {
      if (role === 'vad' || engines[role] === undefined || fallbacks.some((fallback) => fallback.role === role))
        continue
      this.#told.delete(role)
      this.#sink.send({ type: 'session.notice', notice: 'restored', turnId: id, detail: role })
    }
  }
}
