// The caller's loudspeaker as far as the node can know it: it plays in real time what was sent, unless it is paused, and
// sometimes it reports how far it is. Used by reply-pacer.ts, for pacing and for what was heard. Positions are reply samples.
import type { Clock } from '#shared/clock.ts'

export class Loudspeaker {
  readonly #clock: Clock
  readonly #rate: number
  #sentTotal = 0
  /** When it will have played all that was sent; while paused, as if it went on now. */
  #endsAt: number
  #pausedAt: number | undefined
  #reported: { samples: number; at: number } | undefined
  #lastSentAt: number

  constructor(clock: Clock, rate: number) {
    this.#clock = clock
    this.#rate = rate
    this.#endsAt = this.#lastSentAt = clock.now()
  }

  get sentSamples(): number {
    return this.#sentTotal
  }

  /** Where nothing was left to play it waited: what is sent now is played from now on. */
  sent(samples: number): void {
    const now = this.#clock.now()
    this.#endsAt = Math.max(this.#endsAt, now) + this.#msOf(samples)
    this.#sentTotal += samples
    this.#lastSentAt = now
  }

  pause(): void {
    this.#pausedAt ??= this.#clock.now()
  }

  resume(): void {
    if (this.#pausedAt === undefined) return
    const pausedMs = this.#clock.now() - this.#pausedAt
    this.#pausedAt = undefined
    this.#endsAt += pausedMs
    this.#lastSentAt += pausedMs
    if (this.#reported) this.#reported.at += pausedMs
  }

  /** A report raises the position; one that lags behind holds no sending back, but it is what counts as heard. */
  report(playedSamples: number): void {
    const samples = Math.min(this.#sentTotal, Math.max(playedSamples, this.#reported?.samples ?? 0))
    const now = this.#now()
    this.#reported = { samples, at: now }
    this.#endsAt = Math.min(this.#endsAt, now + this.#msOf(this.#sentTotal - samples))
  }

  /** What the client reported last, or else what there was time for. */
  heardSamples(): number {
    return this.#reported?.samples ?? Math.max(0, this.#sentTotal - Math.ceil((this.#unplayedMs() * this.#rate) / 1000))
  }

  /** How long until `samples` more are at most `maxAheadMs` ahead; 0 or less: now. */
  waitMs(samples: number, maxAheadMs: number): number {
    return this.#unplayedMs() + this.#msOf(samples) - maxAheadMs
  }

  /** How long until all that was sent counts as heard; 0 or less: it does. */
  leftMs(marginMs: number, limitMs: number): number {
    const now = this.#now()
    if (this.#sentTotal === 0) return 0
    if (!this.#reported) return this.#endsAt + marginMs - now
    const unheardMs = this.#msOf(this.#sentTotal - this.#reported.samples)
    if (unheardMs === 0) return 0
    return Math.min(this.#reported.at + unheardMs + marginMs, this.#lastSentAt + limitMs) - now
  }

  #unplayedMs(): number {
    return Math.max(0, this.#endsAt - this.#now())
  }

  /** Its own time stands still while it is paused. */
  #now(): number {
    return this.#pausedAt ?? this.#clock.now()
  }

  #msOf(samples: number): number {
    return (samples * 1000) / this.#rate
  }
}
