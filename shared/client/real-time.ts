// Sends recorded audio as a microphone would: 20 ms at a time, at the pace of the clock, without drift.
import type { Clock } from '#shared/clock.ts'

const FRAME_MS = 20

/** Resolves when all is sent. `signal` stops it. */
export async function sendInRealTime(
  pcm: Int16Array,
  sampleRate: number,
  options: { clock: Clock; send: (frame: Int16Array) => void; signal?: AbortSignal },
): Promise<void> {
  const { clock, send, signal } = options
  const frameSamples = (sampleRate * FRAME_MS) / 1000
  const startedAt = clock.now()
  for (let at = 0; at < pcm.length; at += frameSamples) {
    if (signal?.aborted) return
    send(pcm.subarray(at, at + frameSamples))
    // Counted from the start, so that a late timer is made good by the next one.
    const dueAt = startedAt + ((at + frameSamples) * 1000) / sampleRate
    const waitMs = dueAt - clock.now()
    if (waitMs > 0) await clock.sleep(waitMs)
  }
}
