// Sends frames over many sockets at a given rate and waits for each to come back. Used by relay.ts; knows no path.
import { systemClock } from '#shared/clock.ts'
import type { LinkSocket, OnReturn } from './link-socket.ts'
import { monotonicMs } from './monotonic.ts'

/** A frame that comes later than ten frames of 20 ms has missed its place in any loudspeaker: it counts as lost. */
export const LOST_AFTER_MS = 200
/** Timers cannot be finer. */
const TICK_MS = 1
/** A generator that falls further behind than this has not sent what was asked for. */
const MAX_BEHIND_MS = 50

export interface PacedRun {
  sent: number
  /** Round trips of the frames that came back, also late. */
  roundTripsMs: number[]
  /** Came back late or never, or could not be sent because the socket had closed. */
  lost: number
  /** Whether the generator itself kept the pace. */
  isPaced: boolean
}

export class PacedLoad {
  readonly #sockets: LinkSocket[] = []
  #roundTripsMs: number[] = []
  #sent = 0
  #startedAtMs = 0

  /** To be handed to each socket at its opening. */
  readonly onReturn: OnReturn = (sentAtMs, returnedAtMs) => {
    // What an overloaded run before left on the way is no frame of this one.
    if (sentAtMs >= this.#startedAtMs) this.#roundTripsMs.push(returnedAtMs - sentAtMs)
  }

  add(socket: LinkSocket): void {
    this.#sockets.push(socket)
  }

  /** `perSecond`: frames of each socket; all sockets take turns, so that they do not send in step. */
  async run({ perSecond, durationMs }: { perSecond: number; durationMs: number }): Promise<PacedRun> {
    this.#sent = 0
    this.#roundTripsMs = []
    const perMs = (perSecond * this.#sockets.length) / 1000
    const total = Math.round(perMs * durationMs)
    const startedAt = monotonicMs()
    this.#startedAtMs = startedAt
    let unsendable = 0
    for (let next = 0; next < total; await systemClock.sleep(TICK_MS)) {
      const due = Math.min(total, Math.floor((monotonicMs() - startedAt) * perMs) + 1)
      for (; next < due; next++) {
        const socket = this.#sockets[next % this.#sockets.length]
        if (socket?.isOpen) this.#send(socket)
        else unsendable++
      }
    }
    const isPaced = monotonicMs() - startedAt < durationMs + MAX_BEHIND_MS
    const deadline = monotonicMs() + 2 * LOST_AFTER_MS
    while (this.#roundTripsMs.length < this.#sent && monotonicMs() < deadline) await systemClock.sleep(TICK_MS)
    const roundTripsMs = this.#roundTripsMs
    const inTime = roundTripsMs.filter((ms) => ms <= LOST_AFTER_MS).length
    return { sent: this.#sent, roundTripsMs, lost: this.#sent - inTime + unsendable, isPaced }
  }

  close(): void {
    for (const socket of this.#sockets) socket.close()
  }

  #send(socket: LinkSocket): void {
    socket.send()
    this.#sent++
  }
}
