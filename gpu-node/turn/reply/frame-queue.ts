// What of one reply waits to be sent: the audio of its pieces in frames, each piece's text with its first frame. Filled by the
// pipeline, emptied by reply-pacer.ts. Knows no time.
import { concatPcm } from '#shared/audio/pcm.ts'

/** Frames are of this length; what is there at first goes out from MIN_FRAME_MS on. */
const FRAME_MS = 40
const MIN_FRAME_MS = 20
/** Pieces that may be synthesised before the one that is being sent is out: enough that a slow sentence leaves no gap. */
const MAX_PIECES_AHEAD = 2

export interface Piece {
  text: string
  startSample: number
  /** Said beside the reply: told and spoken, but no part of what was heard of it. */
  isAside: boolean
  /** Known once all of it was synthesised. */
  endSample?: number
}
/** A step of sending: a frame, the mark of a piece that begins, the end of one. */
export interface Item {
  piece?: Piece
  pcm?: Int16Array
  endsPiece?: boolean
}

export class FrameQueue {
  readonly #outputRate: number
  #items: Item[] = []
  #piece: Piece | undefined
  #isPieceQueued = false
  #rest = new Int16Array(0)
  #queuedSamples = 0
  #waitingPieces = 0
  #wakeRoom: (() => void) | undefined

  constructor(outputRate: number) {
    this.#outputRate = outputRate
  }

  /** All audio that ever came. */
  get queuedSamples(): number {
    return this.#queuedSamples
  }

  /** What is sent next; it stays until it is taken. */
  get next(): Item | undefined {
    return this.#items[0]
  }

  take(): void {
    if (!this.#items.shift()?.endsPiece) return
    this.#waitingPieces--
    this.#wakeRoom?.()
    this.#wakeRoom = undefined
  }

  clear(): void {
    this.#items = []
  }

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

  beginPiece(text: string, isAside: boolean): void {
    this.#piece = { text, startSample: this.#queuedSamples, isAside }
    this.#isPieceQueued = false
    this.#waitingPieces++
  }

  /** Audio of the piece that was begun. */
  audio(pcm: Int16Array): void {
    let arrived = this.#rest.length === 0 ? pcm : concatPcm([this.#rest, pcm])
    while (arrived.length >= this.#samplesOf(MIN_FRAME_MS)) {
      const frame = arrived.slice(0, this.#samplesOf(FRAME_MS))
      this.#queueFrame(frame)
      arrived = arrived.subarray(frame.length)
    }
    this.#rest = arrived.slice()
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
  }

  /** The piece cannot be finished: without any audio it is as if it had not begun. */
  breakPiece(): void {
    if (this.#isPieceQueued || this.#rest.length > 0) this.endPiece()
    else this.#piece = undefined
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

  #samplesOf(ms: number): number {
    return (ms * this.#outputRate) / 1000
  }
}
