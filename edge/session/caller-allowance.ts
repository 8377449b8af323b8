// What one caller may send: frames and bytes, messages and their characters, refusals, and texts, each by a token bucket. Owned by session-room.ts, which
// asks before a frame is read, so that a flood costs no more than the frames that were let in. It outlives the caller's single sockets.
// Pure: knows no socket, no message and no clock, and allocates nothing per frame.
import type { Frame } from '#shared/link/frame.ts'
import { MAX_REPLAY_BYTES, MAX_UTTERANCE_FRAMES } from '#shared/protocol/limits.ts'

export interface Rate {
  /** What may come at once. */
  capacity: number
  /** What comes back. */
  perSecond: number
}

/**
 * A call has 50 frames of audio a second and about 11 acks, pings and words on playback; 48 kHz PCM16 is 96 kB/s. What comes back is at
 * least four times that, so that a recording may be sent faster than it was spoken. At once there may come what a link keeps, with
 * two seconds of the usual beside it: then a resumed caller may send all of it again.
 */
export const FRAME_RATE: Rate = { capacity: MAX_UTTERANCE_FRAMES + 600, perSecond: 300 }
export const BYTE_RATE: Rate = { capacity: MAX_REPLAY_BYTES + 1024 * 1024, perSecond: 400 * 1024 }
/** JSON is parsed before it is known what it is. A replay of 60 s has 300 words on playback, and texts. */
export const MESSAGE_RATE: Rate = { capacity: 500, perSecond: 100 }
export const JSON_RATE: Rate = { capacity: 256 * 1024, perSecond: 32 * 1024 }
/** A refusal costs the edge a fault message. A newer client may say every 200 ms what this edge cannot read. */
export const REFUSED_RATE: Rate = { capacity: 50, perSecond: 10 }
/** Texts, each of which interrupts a reply and begins a turn, and tokens. A client may have kept 32 texts while it had no connection. */
export const TEXT_RATE: Rate = { capacity: 40, perSecond: 2 }
/** Resumes that make the allowance full again; over it a resumed caller has what the bucket holds. */
export const RESUME_RATE: Rate = { capacity: 6, perSecond: 0.1 }

export class CallerAllowance {
  readonly #frames = new Bucket(FRAME_RATE)
  readonly #bytes = new Bucket(BYTE_RATE)
  readonly #refused = new Bucket(REFUSED_RATE)
  readonly #messages = new Bucket(MESSAGE_RATE)
  readonly #json = new Bucket(JSON_RATE)
  readonly #texts = new Bucket(TEXT_RATE)
  readonly #resumes = new Bucket(RESUME_RATE)

  /** False for a frame that is one too many. */
  admits(frame: Frame, now: number): boolean {
    const { length } = frame
    if (!this.#frames.take(1, now) || !this.#bytes.take(length, now)) return false
    return typeof frame !== 'string' || (this.#messages.take(1, now) && this.#json.take(length, now))
  }

  /** A frame was refused after it was read; false where that was once too often. */
  admitsRefused(now: number): boolean {
    return this.#refused.take(1, now)
  }

  /** A text or a token came; false where it was one too many. */
  admitsText(now: number): boolean {
    return this.#texts.take(1, now)
  }

  /** The caller is back and may send again all that his link has kept. */
  resumed(now: number): void {
    if (!this.#resumes.take(1, now)) return
    this.#frames.fill()
    this.#bytes.fill()
    this.#messages.fill()
    this.#json.fill()
  }
}

const SECOND_MS = 1_000
/** Epoch milliseconds in a float have an error of a quarter microsecond. */
const ROUNDING_MS = 0.5

/** The generic cell rate algorithm: one number, the time at which the bucket is full again. */
class Bucket {
  readonly #msPerUnit: number
  readonly #emptyMs: number
  #fullAt = 0

  constructor({ capacity, perSecond }: Rate) {
    this.#msPerUnit = SECOND_MS / perSecond
    this.#emptyMs = capacity * this.#msPerUnit
  }

  take(units: number, now: number): boolean {
    // Never more than empty: a clock that was set back must not lock a caller out for long.
    this.#fullAt = Math.min(Math.max(this.#fullAt, now), now + this.#emptyMs)
    const fullAt = this.#fullAt + units * this.#msPerUnit
    if (fullAt - now > this.#emptyMs + ROUNDING_MS) return false
    this.#fullAt = fullAt
    return true
  }

  fill(): void {
    this.#fullAt = 0
  }
}
