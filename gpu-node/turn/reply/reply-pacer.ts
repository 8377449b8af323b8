// Sends one reply's audio and texts in order, at most MAX_AHEAD_MS ahead of a loudspeaker that it imagines, and knows what
// of it was heard. Used by reply.ts. Knows neither LLM nor TTS; what it is given waits until it is released.
import type { Clock } from '#shared/clock.ts'
import { heardText, spokenMs } from '#shared/heard.ts'
import { MAX_AHEAD_MS } from '#shared/protocol/limits.ts'
import { FrameQueue, type Item, type Piece } from './frame-queue.ts'
import { Loudspeaker } from './loudspeaker.ts'

/** After its last sample a reply counts as heard a little late: a client's jitter buffer holds about so much. */
export const HEARD_MARGIN_MS = 200
/** A client that reports no progress any more cannot keep a turn open for longer than it could still play. */
export const HEARD_LIMIT_MS = MAX_AHEAD_MS + 3_000

export interface PacerOptions {
  clock: Clock
  /** Rate of the audio given to it and sent, in Hz. */
  outputRate: number
  sendText(text: string, startSample: number): void
  sendAudio(pcm: Int16Array): void
  /** The first of it has left. */
  onAudible(): void
  /** All of it was sent and heard. Called once. */
  onHeard(): void
}

export class ReplyPacer {
  readonly #options: PacerOptions
  readonly #speaker: Loudspeaker
  #gate: 'held' | 'open' | 'paused' | 'stopped' = 'held'
  readonly #queue: FrameQueue
  #hasAll = false
  readonly #sentPieces: Piece[] = []
  #cancelWake: (() => void) | undefined
  /** When the first audio left, by the clock. */
  firstAudioAt: number | undefined

  constructor(options: PacerOptions) {
    this.#options = options
    this.#speaker = new Loudspeaker(options.clock, options.outputRate)
    this.#queue = new FrameQueue(options.outputRate)
  }

  /** Nobody knows yet whether it will be heard at all. */
  get isHeld(): boolean {
    return this.#gate === 'held'
  }

  get sentSamples(): number {
    return this.#speaker.sentSamples
  }

  /** What the caller has heard, to the word. Without any audio: what he could read. */
  heardText(): string {
    const pieces = this.#sentPieces.filter(({ isAside }) => !isAside)
    if (this.sentSamples === 0) return pieces.map(({ text }) => text).join('')
    return heardText(
      pieces.map((piece) => this.#measured(piece)),
      this.#speaker.heardSamples(),
    )
  }

  // --- from the pipeline ---

  /** Resolves when the next piece may be made. */
  room(signal: AbortSignal): Promise<void> {
    return this.#queue.room(signal)
  }

  beginPiece(text: string, isAside = false): void {
    this.#queue.beginPiece(text, isAside)
  }

  /** Audio of the piece that was begun. */
  audio(pcm: Int16Array): void {
    this.#queue.audio(pcm)
    this.#pump()
  }

  endPiece(): void {
    this.#queue.endPiece()
    this.#pump()
  }

  /** The piece cannot be finished: without any audio it is as if it had not begun. */
  breakPiece(): void {
    this.#queue.breakPiece()
    this.#pump()
  }

  /** There will be no more pieces. */
  end(): void {
    this.#hasAll = true
    this.#pump()
  }

  // --- from the turn ---

  release(): void {
    if (this.#gate === 'held') this.#gate = 'open'
    this.#pump()
  }

  pause(): void {
    if (this.#gate !== 'open') return
    this.#gate = 'paused'
    this.#speaker.pause()
    this.#cancelWake?.()
  }

  resume(): void {
    if (this.#gate !== 'paused') return
    this.#gate = 'open'
    this.#speaker.resume()
    this.#pump()
  }

  stop(): void {
    this.#gate = 'stopped'
    this.#speaker.pause()
    this.#cancelWake?.()
    this.#queue.clear()
  }

  /** The client's word on what left its loudspeaker. */
  progress(playedSamples: number): void {
    this.#speaker.report(playedSamples)
    this.#pump()
  }

  // --- inside ---

  /** A piece that is still being made will be about as long as its text takes to say. */
  #measured(piece: Piece): Required<Piece> {
    const guess = piece.startSample + this.#samplesOf(spokenMs(piece.text))
    return { ...piece, endSample: piece.endSample ?? Math.max(guess, this.#queue.queuedSamples) }
  }

  #pump(): void {
    this.#cancelWake?.()
    for (;;) {
      if (this.#gate !== 'open') return
      const item = this.#queue.next
      if (!item) break
      const waitMs = item.pcm ? this.#speaker.waitMs(item.pcm.length, MAX_AHEAD_MS) : 0
      if (waitMs > 0) return this.#wakeIn(waitMs)
      // Before it is sent: sending may stop the reply.
      this.#queue.take()
      this.#send(item)
    }
    if (this.#hasAll) this.#awaitHeard()
  }

  #send({ piece, pcm }: Item): void {
    const isFirst = this.#sentPieces.length === 0
    if (piece) {
      this.#sentPieces.push(piece)
      this.#options.sendText(piece.text, piece.startSample)
    }
    if (pcm) {
      this.firstAudioAt ??= this.#options.clock.now()
      this.#speaker.sent(pcm.length)
      this.#options.sendAudio(pcm)
    }
    if (piece && isFirst) this.#options.onAudible()
  }

  #awaitHeard(): void {
    const leftMs = this.#speaker.leftMs(HEARD_MARGIN_MS, HEARD_LIMIT_MS)
    if (leftMs > 0) return this.#wakeIn(leftMs)
    this.stop()
    this.#options.onHeard()
  }

  #wakeIn(ms: number): void {
    this.#cancelWake = this.#options.clock.after(ms, () => this.#pump())
  }

  #samplesOf(ms: number): number {
    return (ms * this.#options.outputRate) / 1000
  }
}
