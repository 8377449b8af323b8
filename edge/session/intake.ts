// One direction of a session's link at the edge: what comes from the origin is numbered, kept and passed on, and a
// message that could not be read still uses up its number. Used by relay.ts; knows numbers, not messages.
//
// A socket keeps its order, so a gap right after unreadable frames can only be those frames: it is filled with
// message.skipped. Any other gap means that frames were lost on the way, and the origin must resume.
import type { Clock } from '#shared/clock.ts'
import type { Fault } from '#shared/fault.ts'
import type { Frame } from '#shared/link/frame.ts'
import { RelayLeg } from '#shared/link/relay-leg.ts'

export class Intake {
  readonly leg: RelayLeg
  /** Unreadable frames since the last number that was taken. */
  #unreadable = 0

  constructor(clock: Clock, onOverflow: (fault: Fault) => void, isRecovered: boolean) {
    this.leg = new RelayLeg({ clock, onOverflow, isRecovered })
  }

  /** The highest number that the far end can truly say it has; any number, where the memory of them is lost. */
  get claimable(): number {
    return this.leg.isBlank ? Infinity : this.leg.received
  }

  take(seq: number, frame: Frame): 'relayed' | 'duplicate' | 'gap' {
    while (this.#unreadable > 0 && seq > this.leg.received + 1) this.#fill()
    const outcome = this.leg.take(seq, frame)
    if (outcome === 'relayed') this.#unreadable = 0
    return outcome
  }

  /** A frame could not be read. `seq`: its number, where that could be. */
  skip(seq: number | undefined): void {
    if (seq !== undefined && seq <= this.leg.received) return
    this.#unreadable += 1
    if (seq !== undefined && seq === this.leg.received + 1) this.#fill()
  }

  /** The origin's socket is lost. On the next one it sends again all that is not acknowledged, unreadable frames too. */
  originLost(): void {
    this.#unreadable = 0
  }

  #fill(): void {
    this.#unreadable -= 1
    const seq = this.leg.received + 1
    this.leg.take(seq, JSON.stringify({ type: 'message.skipped', seq }))
  }
}
