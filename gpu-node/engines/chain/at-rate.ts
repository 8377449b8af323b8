// A voice at another sample rate than its own. Used where several voices speak as one.
import { Resampler } from '#shared/audio/resample.ts'
import type { Tts, TtsOptions } from '#gpu-node/engines/ports.ts'

export async function* atRate(voice: Tts, options: TtsOptions, sampleRate: number): AsyncGenerator<Int16Array> {
  if (voice.sampleRate === sampleRate) return yield* voice.synthesize(options)
  const resampler = new Resampler(voice.sampleRate, sampleRate)
  for await (const frame of voice.synthesize(options)) yield resampler.pushPcm(frame)
  const tail = resampler.flushPcm()
  if (tail.length > 0) yield tail
}
