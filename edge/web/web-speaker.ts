// The loudspeaker of the page: schedules reply audio on the audio clock, one buffer after the other without a seam, and
// knows how many samples of a reply have been heard. It implements the Speaker port of shared/client.
import type { Speaker } from '#shared/client/speaker.ts'
import { pcmToFloat } from '#shared/audio/pcm.ts'

/** Silence before the first buffer and after a gap. A second buffer that is a little late then still follows without a seam. */
const LEAD_S = 0.06
/** A reply that is cut off fades out. This is short enough to seem immediate and long enough not to click. */
const FADE_S = 0.01

interface Scheduled {
  reply: number
  startsAt: number
  samples: number
  source: AudioBufferSourceNode
}

export interface WebSpeaker extends Speaker {
  /** Browsers let a page make sounds only after a click, so each click calls this. It does not end a pause. */
  unlock(): void
}

export function createWebSpeaker(sampleRate: number): WebSpeaker {
  return new AudioClockSpeaker(sampleRate)
}

class AudioClockSpeaker implements WebSpeaker {
  readonly #context: AudioContext
  readonly #volume: GainNode
  readonly #sampleRate: number
  /** In the order of their start. A buffer that was heard to its end is counted and dropped. */
  #scheduled: Scheduled[] = []
  /** The latest reply. Undefined once it was cleared, so that the next one counts from zero whatever its number. */
  #reply: number | undefined
  #heardBefore = 0
  #nextAt = 0
  #isPaused = false

  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate
    this.#context = new AudioContext({ sampleRate })
    this.#volume = this.#context.createGain()
    this.#volume.connect(this.#context.destination)
  }

  play(pcm: Int16Array, reply: number): void {
    if (reply !== this.#reply) {
      this.#reply = reply
      this.#heardBefore = 0
    }
    this.#dropHeard()
    const buffer = this.#context.createBuffer(1, pcm.length, this.#sampleRate)
    buffer.copyToChannel(pcmToFloat(pcm) as Float32Array<ArrayBuffer>, 0)
    const source = this.#context.createBufferSource()
    source.buffer = buffer
    source.connect(this.#volume)
    const { currentTime } = this.#context
    // Right behind the buffer before, while that one still plays. The lead is only for beginnings.
    const startsAt = this.#nextAt > currentTime ? this.#nextAt : currentTime + LEAD_S
    source.start(startsAt)
    this.#nextAt = startsAt + pcm.length / this.#sampleRate
    this.#scheduled.push({ reply, startsAt, samples: pcm.length, source })
  }

  /** A suspended context stops its clock: resuming goes on with the very next sample. */
  pause(): void {
    this.#isPaused = true
    void this.#context.suspend()
  }

  resume(): void {
    this.#isPaused = false
    void this.#context.resume()
  }

  clear(): void {
    const { currentTime } = this.#context
    // Nothing sounds in a pause, so there is nothing to fade.
    const endsAt = this.#isPaused ? currentTime : currentTime + FADE_S
    const { gain } = this.#volume
    if (this.#nextAt > currentTime && !this.#isPaused) {
      gain.setValueAtTime(1, currentTime)
      gain.linearRampToValueAtTime(0, endsAt)
      gain.setValueAtTime(1, endsAt + FADE_S)
    }
    for (const { source } of this.#scheduled) source.stop(endsAt)
    this.#heardBefore = this.playedSamples()
    this.#reply = undefined
    this.#scheduled = []
    this.#nextAt = 0
    this.resume()
  }

  playedSamples(): number {
    const own = this.#scheduled.filter(({ reply }) => reply === this.#reply)
    return own.reduce((sum, buffer) => sum + this.#heardOf(buffer), this.#heardBefore)
  }

  unlock(): void {
    if (!this.#isPaused) void this.#context.resume()
  }

  #heardOf({ startsAt, samples }: Scheduled): number {
    // Sound that the device was given is heard only after outputLatency.
    const now = this.#context.currentTime - (this.#context.outputLatency || 0)
    return Math.max(0, Math.min(samples, Math.round((now - startsAt) * this.#sampleRate)))
  }

  #dropHeard(): void {
    for (let first = this.#scheduled[0]; first && this.#heardOf(first) === first.samples; first = this.#scheduled[0]) {
      if (first.reply === this.#reply) this.#heardBefore += first.samples
      this.#scheduled.shift()
    }
  }
}
