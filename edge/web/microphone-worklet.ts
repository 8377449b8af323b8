// Runs on the audio thread: mixes the microphone down to mono, resamples it to 16 kHz and posts 20 ms of PCM16 at a time.
// The fake and many real devices ignore a wished channel count or rate, so both are made here.
import { floatToPcm } from '#shared/audio/pcm.ts'
import { Resampler } from '#shared/audio/resample.ts'

declare const sampleRate: number
declare function registerProcessor(name: string, processor: unknown): void
declare class AudioWorkletProcessor {
  readonly port: MessagePort
}

const OUT_RATE = 16_000
const FRAME_SAMPLES = OUT_RATE / 50

class Microphone extends AudioWorkletProcessor {
  readonly #resampler = new Resampler(sampleRate, OUT_RATE)
  readonly #frame = new Float32Array(FRAME_SAMPLES)
  #filled = 0

  process(inputs: Float32Array[][]): boolean {
    const channels = inputs[0] ?? []
    if (channels.length > 0) this.#take(this.#resampler.push(mixDown(channels)))
    return true
  }

  #take(samples: Float32Array): void {
    for (const sample of samples) {
      this.#frame[this.#filled++] = sample
      if (this.#filled < FRAME_SAMPLES) continue
      const pcm = floatToPcm(this.#frame)
      this.port.postMessage(pcm, [pcm.buffer as ArrayBuffer])
      this.#filled = 0
    }
  }
}

function mixDown(channels: Float32Array[]): Float32Array {
  const first = channels[0] ?? new Float32Array(0)
  if (channels.length === 1) return first
  return first.map((_, i) => channels.reduce((sum, channel) => sum + (channel[i] ?? 0), 0) / channels.length)
}

registerProcessor('microphone', Microphone)
