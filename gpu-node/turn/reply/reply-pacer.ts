// Sends one reply's audio and texts in order, at most MAX_AHEAD_MS ahead of a loudspeaker that it imagines, and knows what
// of it was heard. Used by reply.ts. Knows neither LLM nor TTS; what it is given waits until it is released.
import type { Clock } from '#shared/clock.ts'
import { concatPcm } from '#shared/audio/pcm.ts'
import { heardText, spokenMs } from '#shared/heard.ts'
import { MAX_AHEAD_MS } from '#shared/protocol/limits.ts'
import { Loudspeaker } from './loudspeaker.ts'

/** Frames are of this length; what is there at first goes out from MIN_FRAME_MS on. */
const FRAME_MS = 40
const MIN_FRAME_MS = 20
/** Pieces that may be synthesised before the one that is being sent is out: enough that a slow sentence leaves no gap. */
export const MAX_PIECES_AHEAD = 2
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

interface Piece {
  text: string
  startSample: number
  /** Said beside the reply: told and spoken, but no part of what was heard of it. */
  isAside: boolean
  /** Known once all of it was synthesised. */
  endSample?: number
}
/** A step of sending: a frame, or a piece's mark. */
interface Item {
  piece?: Piece
  pcm?: Int16Array
  endsPiece?: boolean
}

export class ReplyPacer {
  readonly #options: PacerOptions
  readonly #speaker: Loudspeaker
  #gate: 'held' | 'open' | 'paused' | 'stopped' = 'held'
  #items: Item[] = []
  #piece: Piece | undefined
  #isPieceQueued = false
  #rest = new Int16Array(0)
  #queuedSamples = 0
  #waitingPieces = 0
  #hasAll = false
  readonly #sentPieces: Piece[] = []
  #wakeRoom: (() => void) | undefined
  #cancelWake: (() => void) | undefined
  /** When the first audio left, by the clock. */
  firstAudioAt: number | undefined

  constructor(options: PacerOptions) {
    this.#options = options
    this.#speaker = new Loudspeaker(options.clock, options.outputRate)
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
  async room(signal: AbortSignal): Promise<void> {
    while (this.#waitingPieces >= MAX_PIECES_AHEAD) {
      signal.throwIfAborted()
      await new Promise<void>((resolve, reject) => {
        const onAbort = (): void => reject(signal.reason)
        signal.addEventListener('abort', onAbort, { once: true })
        this.#wakeRoom = () => {
          signal.removeEventListener('abort', onAbort)
          resolve()
        }
      })
    }
  }

  beginPiece(text: string, isAside = false): void {
    this.#piece = { text, startSample: this.#queuedSamples, isAside }
    this.#isPieceQueued = false
    this.#waitingPieces++
  }

  /** Audio of the piece that was begun. */
  audio(pcm: Int16Array): void {
    let arrived = concatPcm([this.#rest, pcm])
    while (arrived.length >= this.#samplesOf(MIN_FRAME_MS)) {
      const frame = arrived.slice(0, this.#samplesOf(FRAME_MS))
      this.#queueFrame(frame)
      arrived = arrived.subarray(frame.length)
    }
    this.#rest = arrived.slice()
    this.#pump()
  }

  /** A last bit shorter than a frame is filled up with silence. */
  endPiece(): void {
    if (this.#rest.length > 0) {
      const frame = new Int16Array(this.#samplesOf(MIN_FRAME_MS))
      frame.set(this.#rest)
      this.#rest = new Int16Array(0)
      this.#queueFrame(frame)
    }
    if (this.#piece) {
      this.#piece.endSample = this.#queuedSamples
      this.#items.push({ ...this.#takeMark(), endsPiece: true })
    }
    this.#piece = undefined
    this.#pump()
  }

  /** The piece cannot be finished: without any audio it is as if it had not begun. */
  breakPiece(): void {
    if (this.#isPieceQueued || this.#rest.length > 0) return this.endPiece()
    this.#piece = undefined
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
    this.#items = []
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
    return { ...piece, endSample: piece.endSample ?? Math.max(guess, this.#queuedSamples) }
  }

  #queueFrame(pcm: Int16Array): void {
    this.#items.push({ ...this.#takeMark(), pcm })
    this.#queuedSamples += pcm.length
  }

  /** The piece's mark goes with its first frame: its text is told when its audio starts. */
  #takeMark(): { piece?: Piece } {
    if (this.#isPieceQueued || !this.#piece) return {}
    this.#isPieceQueued = true
    return { piece: this.#piece }
  }

  #pump(): void {
    this.#cancelWake?.()
    for (;;) {
      if (this.#gate !== 'open') return
      const item = this.#items[0]
      if (!item) break
      const waitMs = item.pcm ? this.#speaker.waitMs(item.pcm.length, MAX_AHEAD_MS) : 0
      if (waitMs > 0) return this.#wakeIn(waitMs)
      this.#items.shift()
      this.#send(item)
    }
    if (this.#hasAll) this.#awaitHeard()
  }

  #send({ piece, pcm, endsPiece }: Item): void {
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
    if (!endsPiece) return
    this.#waitingPieces--
    this.#wakeRoom?.()
    this.#wakeRoom = undefined
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
