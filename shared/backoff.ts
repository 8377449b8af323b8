// How long to wait: before dialling again (architecture §2: three fast tries, then full jitter up to 20 s), and before
// a program is started again.

const FAST_TRIES = 3
const FAST_MS = 200
const CAP_MS = 20_000
const BASE_MS = 1_000

export class Backoff {
  readonly #random: () => number
  #tries = 0

  constructor(random: () => number = Math.random) {
    this.#random = random
  }

  /** The wait before the next try; never shorter than what the peer asked for. */
  nextDelayMs(retryAfterMs = 0): number {
    const tries = this.#tries++
    // Fast tries are spread by ±50 %, so that a restarted edge is not met by everybody at once.
    if (tries < FAST_TRIES) return Math.max(retryAfterMs, FAST_MS * (0.5 + this.#random()))
    const bound = Math.min(CAP_MS, BASE_MS * 2 ** Math.min(tries - FAST_TRIES, 10))
    return Math.max(retryAfterMs, this.#random() * bound)
  }

  /** A connection carried something: counting begins anew. One that only opened proves nothing. */
  progressed(): void {
    this.#tries = 0
  }
}

const RESTART_BASE_MS = 1_000
const RESTART_CAP_MS = 60_000

/** How long to wait before a program that ended by itself is started again: 1, 2, 4 … 60 s, each ±25 %. */
export function restartDelayMs(tries: number, random: number): number {
  return Math.min(RESTART_CAP_MS, RESTART_BASE_MS * 2 ** Math.min(tries, 10)) * (0.75 + random / 2)
}
