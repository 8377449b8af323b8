// Work that is done one after the other, so many waiting at most. Used by voices.ts.
import { FaultError } from '#shared/fault.ts'

const RETRY_AFTER_MS = 5_000

export class Lane {
  readonly #maxWaiting: number
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  /** `maxWaiting`: with the one that is under way. */
  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting
  }

  /** Throws FaultError unavailable where too much waits, or where its turn comes when nobody wants it any more. */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#waiting >= this.#maxWaiting) throw unavailable()
    this.#waiting++
    const begin = (): Promise<T> => (signal.aborted ? Promise.reject(unavailable()) : work())
    const done = this.#last.then(begin, begin)
    this.#last = done.catch(() => {})
    try {
      return await done
    } finally {
      this.#waiting--
    }
  }
}

const unavailable = (): FaultError =>
  new FaultError({ code: 'unavailable', what: 'voices', retryAfterMs: RETRY_AFTER_MS })
