// Lets one engine at a time load or free memory: vLLM gives up when another frees while it measures the card. First come,
// first served.

export class Gate {
  #holder: string | undefined
  readonly #waiting: (() => void)[] = []

  get holder(): string | undefined {
    return this.#holder
  }

  /** Resolves with the way out, which may be called twice; rejects with `signal.reason` when aborted while it waits. */
  async enter(name: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    if (this.#holder !== undefined) await this.#turn(signal)
    this.#holder = name
    let isIn = true
    return () => {
      if (!isIn) return
      isIn = false
      this.#next()
    }
  }

  /** The holder's name stays until the next one is in, so that nobody slips between. */
  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const admit = (): void => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      }
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(admit), 1)
        reject(signal.reason)
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(admit)
    })
  }

  #next(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#holder = undefined
  }
}
