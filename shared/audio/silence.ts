// Cuts the silence off both ends of synthesised speech, so that pieces join as one reply and the first is heard sooner.
// Used by the embedded voices. For finding speech in a recording there is the VAD.

/** −44 dBFS: above the hiss of a synthesiser's pauses (peak 193), below its softest consonants. */
const QUIET_PEAK = 200
/** Kept at each end: room for a soft onset under the threshold, and the gap between two pieces. */
const KEPT_MS = 60

/** The samples from the first to the last sound with KEPT_MS around; nothing where there is no sound. */
export function trimSilence(pcm: Int16Array, sampleRate: number): Int16Array {
  const isSound = (sample: number): boolean => Math.abs(sample) > QUIET_PEAK
  const first = pcm.findIndex(isSound)
  if (first === -1) return new Int16Array(0)
  const kept = Math.round((sampleRate * KEPT_MS) / 1000)
  return pcm.slice(Math.max(0, first - kept), pcm.findLastIndex(isSound) + 1 + kept)
}
