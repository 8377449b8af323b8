// The pieces of one reply between the LLM, which is never held up, and TTS, which takes its time. Used by the pipeline.
// Bounded by the reply's text (MAX_TURN_TEXT_CHARS): pieces are parts of it.

export class PieceQueue {
  readonly #pieces: string[] = []
  #hasEnded = false
  #wake: (() => void) | undefined

  push(piece: string): void {
    this.#pieces.push(piece)
    this.#wake?.()
  }

  end(): void {
    this.#hasEnded = true
    this.#wake?.()
  }

  /** For one reader. Rejects with signal.reason. */
  async *read(signal: AbortSignal): AsyncGenerator<string> {
    for (;;) {
      signal.throwIfAborted()
      const piece = this.#pieces.shift()
      if (piece !== undefined) yield piece
      else if (this.#hasEnded) return
      else await this.#more(signal)
    }
  }

  #more(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason)
      signal.addEventListener('abort', onAbort, { once: true })
      this.#wake = () => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      }
    })
  }
}
