// Channels of a decoder into one, part by part, as PCM16. Pure.
import { clampToInt16, concatPcm } from '#shared/audio/pcm.ts'

const FULL_SCALE = 32_768

export class Mixdown {
  sampleRate = 0
  #samples = 0
  readonly #parts: Int16Array[] = []

  get ms(): number {
    return this.sampleRate === 0 ? 0 : (this.#samples * 1000) / this.sampleRate
  }

  /** The mean of the channels; damaged ones are cut off at full scale. Throws an Error where the rate changes in the middle. */
  add(channels: readonly Float32Array[], sampleRate: number): void {
    if (this.sampleRate !== 0 && this.sampleRate !== sampleRate) throw new Error('the rate changes')
    this.sampleRate = sampleRate
    const length = channels[0]?.length ?? 0
    const pcm = new Int16Array(length)
    for (let i = 0; i < length; i++) {
      let sum = 0
      for (const channel of channels) sum += channel[i] ?? 0
      pcm[i] = clampToInt16((sum / channels.length) * FULL_SCALE)
    }
    this.#parts.push(pcm)
    this.#samples += length
  }

  pcm(): Int16Array {
    return concatPcm(this.#parts)
  }
}
