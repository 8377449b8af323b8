// The loudspeaker of the page: schedules reply audio on the audio clock, one buffer after the other without a seam, and
// knows how many samples of a turn have been heard. It implements the Speaker port of shared/client.
import type { Speaker } from '#shared/client/speaker.ts'
import { pcmToFloat } from '#shared/audio/pcm.ts'

/** Before the first buffer, so that a late second one still fits behind it. */
const LEAD_S = 0.06

interface Scheduled {
  turn: number
  startsAt: number
  samples: number
  source: AudioBufferSourceNode
}

export interface WebSpeaker extends Speaker {
  /** Browsers let a page sound only after a click: called from the button. */
  unlock(): Promise<void>
  close(): void
}

export function createWebSpeaker(sampleRate: number): WebSpeaker {
  const context = new AudioContext({ sampleRate })
  let scheduled: Scheduled[] = []
  let nextAt = 0

  const heardOf = (buffer: Scheduled): number => {
    // What the device has been given is not heard yet: outputLatency is the way to the ear.
    const now = context.currentTime - (context.outputLatency || 0)
    return Math.max(0, Math.min(buffer.samples, Math.round((now - buffer.startsAt) * sampleRate)))
  }

  return {
    play(pcm, turn) {
      // Only the current turn can still be asked for: what earlier ones played is forgotten.
      if (scheduled.length > 0 && scheduled[0]?.turn !== turn) scheduled = []
      const buffer = context.createBuffer(1, pcm.length, sampleRate)
      buffer.copyToChannel(pcmToFloat(pcm) as Float32Array<ArrayBuffer>, 0)
      const source = context.createBufferSource()
      source.buffer = buffer
      source.connect(context.destination)
      const startsAt = Math.max(nextAt, context.currentTime + LEAD_S)
      source.start(startsAt)
      nextAt = startsAt + pcm.length / sampleRate
      scheduled.push({ turn, startsAt, samples: pcm.length, source })
    },
    // A suspended context stops its clock: resuming goes on with the very next sample.
    pause: () => void context.suspend(),
    resume: () => void context.resume(),
    clear() {
      for (const { source } of scheduled) source.stop()
      scheduled = []
      nextAt = 0
      void context.resume()
    },
    playedSamples: () => scheduled.reduce((sum, buffer) => sum + heardOf(buffer), 0),
    unlock: () => context.resume(),
    close: () => void context.close(),
  }
}
