// A loudspeaker of time only: what is queued counts as heard as the clock moves. For the command line, tests and benches.
import { concatPcm } from '#shared/audio/pcm.ts'
import type { Clock } from '#shared/clock.ts'
import type { Speaker } from './speaker.ts'

export interface VirtualSpeaker extends Speaker {
  /** Everything that was heard so far, of all replies. */
  heard(): Int16Array
  /** Milliseconds until what is queued has been heard. */
  remainingMs(): number
}

export function createVirtualSpeaker(clock: Pick<Clock, 'now'>, sampleRate: number): VirtualSpeaker {
  return new ClockSpeaker(clock, sampleRate)
}

class ClockSpeaker implements VirtualSpeaker {
  readonly #clock: Pick<Clock, 'now'>
  readonly #sampleRate: number
  readonly #heard: Int16Array[] = []
  #queue: Array<{ reply: number; pcm: Int16Array }> = []
  #reply = 0
  #playedOfReply = 0
  #isPaused = false
  #movedAt: number
  /** Samples that time has passed but that were too few to be whole. */
  #fraction = 0

  constructor(clock: Pick<Clock, 'now'>, sampleRate: number) {
    this.#clock = clock
    this.#sampleRate = sampleRate
    this.#movedAt = clock.now()
  }

  play(pcm: Int16Array, reply: number): void {
    this.#move()
    if (reply !== this.#reply) {
      this.#reply = reply
      this.#playedOfReply = 0
    }
    this.#queue.push({ reply, pcm })
  }

  pause(): void {
    this.#move()
    this.#isPaused = true
  }

  resume(): void {
    this.#move()
    this.#isPaused = false
  }

  clear(): void {
    this.#move()
    this.#queue = []
    this.#isPaused = false
  }

  playedSamples(): number {
    this.#move()
    return this.#playedOfReply
  }

  heard(): Int16Array {
    this.#move()
    return concatPcm(this.#heard)
  }

  remainingMs(): number {
    this.#move()
    return (this.#queue.reduce((sum, { pcm }) => sum + pcm.length, 0) * 1000) / this.#sampleRate
  }

  /** Plays what the clock has passed since the last look. */
  #move(): void {
    const now = this.#clock.now()
    const exact = ((now - this.#movedAt) * this.#sampleRate) / 1000 + this.#fraction
    this.#movedAt = now
    let due = this.#isPaused ? 0 : Math.floor(exact)
    this.#fraction = exact - Math.floor(exact)
    while (due > 0 && this.#queue[0] !== undefined) due -= this.#playFrom(this.#queue[0], due)
    // Silence is not made good later.
    if (this.#isPaused || this.#queue.length === 0) this.#fraction = 0
  }

  #playFrom(first: { reply: number; pcm: Int16Array }, due: number): number {
    const count = Math.min(due, first.pcm.length)
    this.#heard.push(first.pcm.subarray(0, count))
    if (first.reply === this.#reply) this.#playedOfReply += count
    first.pcm = first.pcm.subarray(count)
    if (first.pcm.length === 0) this.#queue.shift()
    return count
  }
}
