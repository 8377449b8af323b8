// The text of one utterance from a decoder that only knows whole stretches of speech: where a snapshot is asked for, the
// stretch is closed (its text improves and stays) and the next begins with the next audio. So a final after mere silence
// equals the snapshot before it, and finishing stays quick in a long utterance. Pure; used by pocketsphinx-worker.ts.

/** One recogniser. `start`, then any number of `decode`, then `stop`; again. */
export interface Decoder {
  start(): void
  /** Takes audio and returns the text so far, a rough one. */
  decode(pcm: Int16Array): string
  /** The text of the stretch, its best. */
  stop(): string
}

/** Audio a decode step: 100 ms. Each step asks for the text, which costs as much as some frames. */
const STEP_SAMPLES = 1_600

export class Utterance {
  readonly #decoder: Decoder
  readonly #step = new Int16Array(STEP_SAMPLES)
  #filled = 0
  #isStarted = false
  #closed = ''
  #open = ''

  constructor(decoder: Decoder) {
    this.#decoder = decoder
  }

  /** Takes audio and returns the text so far, when it has gone a step further. */
  push(pcm: Int16Array): string | undefined {
    let hasDecoded = false
    for (let at = 0; at < pcm.length;) {
      const part = pcm.subarray(at, at + STEP_SAMPLES - this.#filled)
      this.#step.set(part, this.#filled)
      this.#filled += part.length
      at += part.length
      if (this.#filled === STEP_SAMPLES) {
        this.#decode()
        hasDecoded = true
      }
    }
    return hasDecoded ? join(this.#closed, this.#open) : undefined
  }

  snapshot(): string {
    this.#decode()
    // A stretch without a word goes on: closing it could cut the first word in two.
    if (this.#open !== '') this.#close()
    return this.#closed
  }

  finish(): string {
    this.#decode()
    // A later stretch of near silence is not the caller's words, whatever the decoder makes of it.
    const isSilence = this.#closed !== '' && this.#open === ''
    const before = this.#closed
    this.#close()
    return isSilence ? before : this.#closed
  }

  /** Leaves the decoder ready for the next utterance. */
  drop(): void {
    if (this.#isStarted) this.#decoder.stop()
    this.#isStarted = false
  }

  #decode(): void {
    if (this.#filled === 0) return
    if (!this.#isStarted) this.#decoder.start()
    this.#isStarted = true
    this.#open = plainText(this.#decoder.decode(this.#step.subarray(0, this.#filled)))
    this.#filled = 0
  }

  #close(): void {
    if (this.#isStarted) this.#closed = join(this.#closed, plainText(this.#decoder.stop()))
    this.#isStarted = false
    this.#open = ''
  }
}

/** Without marks of silence and noise (<sil>, [noise], ++um++) and the numbers of pronunciations: "the(2)". */
export function plainText(hypothesis: string): string {
  return hypothesis
    .toLowerCase()
    .replace(/<[^>]*>|\[[^\]]*\]|\+\+[^+]*\+\+|\(\d+\)/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

const join = (one: string, other: string): string => (one && other ? `${one} ${other}` : one + other)
