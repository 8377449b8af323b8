// One utterance on its way through the recogniser: kept until the engine has opened, fed while it arrives, closed once.
// Used by recognition.ts. Does not know what the text is for.
import type { Clock } from '#shared/clock.ts'
import type { Language } from '#shared/model/language.ts'
import { MAX_TURN_TEXT_CHARS } from '#shared/model/turn.ts'
import type { OnFallback, Stt, SttStream } from '#gpu-node/engines/ports.ts'
import { within } from '#gpu-node/turn/engine-watch.ts'
import type { Watch } from '#gpu-node/turn/engine-watch.ts'

/** A recogniser that is not there after this will not come; a queue of one utterance before it fits in. */
export const OPEN_LIMIT_MS = 10_000
/** Over every engine's own limit, so that its better fault comes first. */
export const TEXT_LIMIT_MS = 20_000

export interface UtteranceStreamOptions {
  stt: Stt
  clock: Clock
  language: Language
  traceparent: string
  signal: AbortSignal
  onFallback: OnFallback
  onPartial(text: string): void
}

/** Audio is bounded by the utterance's limits, which the ear holds. */
export class UtteranceStream {
  readonly #options: UtteranceStreamOptions
  readonly #opened: Promise<SttStream>
  #stream: SttStream | undefined
  #backlog: Int16Array[] = []
  #withheld: Int16Array[] | undefined
  #lastPartial = ''
  #isClosed = false

  /** `after`: the recogniser of the utterance before is free. */
  constructor(options: UtteranceStreamOptions, after: Promise<void>) {
    this.#options = options
    this.#opened = this.#open(after)
    this.#opened.catch(() => {})
  }

  /** Resolves when the engine has the stream. */
  async ready(): Promise<void> {
    await this.#opened
  }

  push(pcm: Int16Array): void {
    if (this.#isClosed) return
    if (this.#withheld) this.#withheld.push(pcm)
    else if (this.#stream) this.#stream.push(pcm)
    else this.#backlog.push(pcm)
  }

  /**
   * From a soft end on the silence is withheld: what a snapshot says is then the text of all that finish() will have
   * heard, and an engine that knows the one has the other at once.
   */
  withhold(): void {
    this.#withheld ??= []
  }

  /** It was no end: the engine gets what was withheld. */
  goOn(): void {
    const withheld = this.#withheld ?? []
    this.#withheld = undefined
    for (const pcm of withheld) this.push(pcm)
  }

  async snapshot(): Promise<string> {
    const stream = await this.#opened
    return bounded(await within(stream.snapshot(), this.#watch(TEXT_LIMIT_MS)))
  }

  async finish(): Promise<string> {
    const stream = await this.#opened
    this.#stream = undefined
    try {
      return bounded(await within(stream.finish(), this.#watch(TEXT_LIMIT_MS)))
    } finally {
      this.close()
      stream.close()
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#backlog = []
    this.#withheld = undefined
    this.#stream?.close()
    this.#stream = undefined
  }

  async #open(after: Promise<void>): Promise<SttStream> {
    const { stt, language, traceparent, signal, onFallback } = this.#options
    await within(after, this.#watch(OPEN_LIMIT_MS + TEXT_LIMIT_MS))
    const onPartial = (text: string): void => this.#hearPartial(text)
    const opening = stt.open({ language, traceparent, signal, onPartial, onFallback })
    // Also where the wait was given up: a recogniser that opens late must be freed.
    opening.then(
      (stream) => (this.#isClosed || signal.aborted ? stream.close() : undefined),
      () => {},
    )
    const stream = await within(opening, this.#watch(OPEN_LIMIT_MS))
    if (this.#isClosed) throw signal.reason ?? 'replaced'
    this.#stream = stream
    for (const pcm of this.#backlog) stream.push(pcm)
    this.#backlog = []
    return stream
  }

  #hearPartial(heard: string): void {
    const text = bounded(heard)
    if (this.#isClosed || !this.#stream || text === this.#lastPartial) return
    this.#lastPartial = text
    this.#options.onPartial(text)
  }

  #watch(limitMs: number): Watch {
    return { clock: this.#options.clock, signal: this.#options.signal, stage: 'stt', limitMs }
  }
}

/** A recogniser that repeats itself without end must not make a turn that nothing can store. */
const bounded = (text: string): string => text.slice(0, MAX_TURN_TEXT_CHARS)
