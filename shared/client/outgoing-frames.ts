// Cuts a caller's audio into frames that the wire takes. Used by chat-client.ts.
import { pcmAsBytes } from '#shared/audio/pcm.ts'

/** One audio frame up: longer waits would be heard as delay, shorter ones only cost headers. */
export const MAX_SENT_FRAME_MS = 100

/** PCM16 bytes, little endian, in order; none for no samples. They are views of `pcm`, to be encoded at once. */
export function outgoingFrames(pcm: Int16Array, sampleRate: number): Uint8Array[] {
  const max = (sampleRate * MAX_SENT_FRAME_MS) / 1000
  return Array.from({ length: Math.ceil(pcm.length / max) }, (_, i) => pcmAsBytes(pcm.subarray(i * max, (i + 1) * max)))
}
