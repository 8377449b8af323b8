// Listens in the browser to what the page plays: notes when each buffer is scheduled and measures what reaches the device.
// It is put into the page before its scripts, so the page itself has no part that exists for tests.
import type { Page } from 'playwright-core'

export interface ScheduledBuffer {
  startsAt: number
  seconds: number
}

interface Probe {
  buffers: ScheduledBuffer[]
  /** How often the loudspeaker was held. */
  pauses: number
  /** What each request for the microphone asked for. */
  microphoneAsked: (MediaStreamConstraints | undefined)[]
  /** Words of the caller that were shown before they were final, each time that they changed. */
  partials: string[]
  loudness(): number
}

declare global {
  interface Window {
    probe: Probe
  }
}

/** Runs in the page. */
export function installProbe(): void {
  const analysers: AnalyserNode[] = []
  const samples = new Float32Array(2048)
  window.probe = {
    buffers: [],
    pauses: 0,
    microphoneAsked: [],
    partials: [],
    loudness: () =>
      Math.max(
        0,
        ...analysers.map((analyser) => {
          if (analyser.context.state !== 'running') return 0
          analyser.getFloatTimeDomainData(samples)
          return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length)
        }),
      ),
  }
  // On a busy machine they may be there for less than a test's look takes.
  new MutationObserver(() => {
    const shown = document.querySelector('.said.caller.partial')?.textContent
    if (shown && shown !== window.probe.partials.at(-1)) window.probe.partials.push(shown)
  }).observe(document, { childList: true, characterData: true, subtree: true })
  const start = AudioBufferSourceNode.prototype.start
  AudioBufferSourceNode.prototype.start = function (when = 0, ...rest) {
    window.probe.buffers.push({ startsAt: when, seconds: this.buffer?.duration ?? 0 })
    return start.call(this, when, ...rest)
  }
  const suspend = AudioContext.prototype.suspend
  AudioContext.prototype.suspend = function () {
    window.probe.pauses += 1
    return suspend.call(this)
  }
  const connect = AudioNode.prototype.connect as (this: AudioNode, ...to: unknown[]) => AudioNode
  AudioNode.prototype.connect = function (this: AudioNode, ...to: unknown[]) {
    if (to[0] === this.context.destination) {
      const analyser = this.context.createAnalyser()
      connect.call(this, analyser)
      analysers.push(analyser)
    }
    return connect.apply(this, to)
  } as typeof AudioNode.prototype.connect
  const { mediaDevices } = navigator
  // about:blank has none.
  if (mediaDevices === undefined) return
  const ask = mediaDevices.getUserMedia.bind(mediaDevices)
  mediaDevices.getUserMedia = (constraints) => {
    window.probe.microphoneAsked.push(constraints)
    return ask(constraints)
  }
}

/** An RMS above which something is heard: flite speaks at about 0.1. */
const AUDIBLE = 0.01

export async function untilAudible(page: Page): Promise<void> {
  await page.waitForFunction((audible) => window.probe.loudness() > audible, AUDIBLE, { polling: 50 })
}

/** Silence is believed after ten looks in a row, half a second: speech has pauses. */
export async function untilSilent(page: Page): Promise<void> {
  await page.waitForFunction(
    (audible) => {
      const state = window as Window & { quietLooks?: number }
      state.quietLooks = window.probe.loudness() > audible ? 0 : (state.quietLooks ?? 0) + 1
      return state.quietLooks > 10
    },
    AUDIBLE,
    { polling: 50 },
  )
}

/** Seconds between the end of each buffer and the start of the next one. */
export async function gaps(page: Page): Promise<number[]> {
  const buffers = await page.evaluate(() => window.probe.buffers)
  return buffers.slice(1).map(({ startsAt }, i) => {
    const before = buffers[i]
    return before === undefined ? 0 : startsAt - before.startsAt - before.seconds
  })
}
