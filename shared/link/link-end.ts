// One end of a resumable link: the caller's client, or the node's session. It numbers, keeps, acknowledges and replays.
// It knows no socket: one is attached as a function and detached again, as often as need be.
import type { Clock } from '#shared/clock.ts'
import type { Fault } from '#shared/fault.ts'
import { encodeAudioFrame } from '#shared/protocol/audio-frame.ts'
import { ackText } from '#shared/protocol/ack.ts'
import { ACK_EVERY_MESSAGES, ACK_EVERY_MS } from '#shared/protocol/limits.ts'
import type { Frame } from './frame.ts'
import { ReplayBuffer } from './replay-buffer.ts'

/** From then on an acknowledgement rides along with a frame that leaves anyway: one write, one read, instead of two. */
const ACK_RIDES_AFTER_MS = 150

export interface LinkEndOptions {
  clock: Clock
  /** The number of the first frame sent; a node continues at session.begin.nextSeq. */
  firstSeq?: number
  /** The far end is older than this end: where its numbers stand is learned from the first that comes. */
  isRecovered?: boolean
  /** Too much is unacknowledged. Called once; what is sent afterwards is lost, so the owner ends the session. */
  onOverflow: (fault: Fault) => void
  /** The link carried something: a new frame came, or one of this end was acknowledged. */
  onProgress?: () => void
}

export class LinkEnd {
  readonly #clock: Clock
  readonly #kept: ReplayBuffer
  readonly #onOverflow: (fault: Fault) => void
  readonly #onProgress: () => void
  #send: ((frame: Frame) => void) | undefined
  #nextSeq: number
  #received = 0
  #isBlank: boolean
  #unacked = 0
  #cancelAck: (() => void) | undefined
  /** When the acknowledgement that is scheduled may leave with another frame. */
  #ackRidesAt = 0
  #hasOverflowed = false

  constructor(options: LinkEndOptions) {
    this.#clock = options.clock
    this.#kept = new ReplayBuffer(options.clock)
    this.#onOverflow = options.onOverflow
    this.#onProgress = options.onProgress ?? (() => {})
    this.#nextSeq = options.firstSeq ?? 1
    this.#isBlank = options.isRecovered ?? false
  }

  /** Everything up to and including this number has arrived from the far end. */
  get received(): number {
    return this.#received
  }

  /** The number that the next frame will get. */
  get nextSeq(): number {
    return this.#nextSeq
  }

  /**
   * A socket is there. Sends again exactly what the peer, which has everything up to `peerReceived`, lacks. What it has is
   * still kept: the peer may be the middle, whose memory may vanish before the far end has acknowledged.
   */
  attach(send: (frame: Frame) => void, peerReceived = 0): void {
    this.#send = send
    for (const frame of this.#kept.after(peerReceived)) send(frame)
  }

  /** The socket is gone; what is sent now waits for the next one. */
  detach(): void {
    this.#send = undefined
    this.#dropAckTimer()
  }

  /** Numbers a message, keeps it and sends it. Returns its number. */
  sendMessage(message: object): number {
    const seq = this.#nextSeq++
    this.#keepAndSend(seq, JSON.stringify({ ...message, seq }))
    return seq
  }

  /** Numbers a frame of PCM16 mono (little endian), keeps it and sends it. Returns its number. */
  sendAudio(turn: number, pcm: Uint8Array): number {
    const seq = this.#nextSeq++
    this.#keepAndSend(seq, encodeAudioFrame({ turn, sequence: seq, pcm }))
    return seq
  }

  /** To be called for each numbered frame that arrives; only 'new' ones are to be acted on. */
  accept(seq: number): 'new' | 'duplicate' | 'gap' {
    if (this.#isBlank) {
      this.#received = seq - 1
      this.#isBlank = false
    }
    if (seq <= this.#received) {
      // The peer sends it again because it has not seen our acknowledgement.
      this.#scheduleAck()
      return 'duplicate'
    }
    if (seq !== this.#received + 1) return 'gap'
    this.#received = seq
    this.#onProgress()
    this.#unacked++
    if (this.#unacked >= ACK_EVERY_MESSAGES) this.#sendAck()
    else this.#scheduleAck()
    return 'new'
  }

  /** The far end has everything up to and including this number. */
  acked(received: number): void {
    const before = this.#kept.length
    this.#kept.acked(received)
    if (this.#kept.length < before) this.#onProgress()
  }

  /** Nothing that was sent waits for an acknowledgement any more. */
  get isFlushed(): boolean {
    return this.#kept.length === 0
  }

  close(): void {
    this.detach()
    this.#kept.clear()
  }

  #keepAndSend(seq: number, frame: Frame): void {
    if (this.#hasOverflowed) return
    const kept = this.#kept.push(seq, frame)
    if (kept.ok) {
      this.#send?.(frame)
      if (this.#cancelAck !== undefined && this.#clock.now() >= this.#ackRidesAt) this.#sendAck()
      return
    }
    this.#hasOverflowed = true
    this.#onOverflow(kept.fault)
  }

  #scheduleAck(): void {
    if (this.#cancelAck !== undefined || this.#send === undefined) return
    this.#ackRidesAt = this.#clock.now() + ACK_RIDES_AFTER_MS
    this.#cancelAck = this.#clock.after(ACK_EVERY_MS, () => this.#sendAck())
  }

  #sendAck(): void {
    this.#dropAckTimer()
    this.#unacked = 0
    this.#send?.(ackText(this.#received))
  }

  #dropAckTimer(): void {
    this.#cancelAck?.()
    this.#cancelAck = undefined
  }
}
