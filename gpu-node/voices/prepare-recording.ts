// From a decoded recording to the reference that engines take: the best seconds of speech, 24 kHz mono, at one loudness, with a report of
// what is good and bad about it. The VAD is handed in. It cannot tell one speaker from two, and claims nothing of it.
import { setImmediate } from 'node:timers/promises'
import { concatPcm, floatToPcm, pcmToFloat } from '#shared/audio/pcm.ts'
import { Resampler, resamplePcm } from '#shared/audio/resample.ts'
import {
  MAX_PREPARED_MS,
  MIN_PREPARED_MS,
  type VoiceQuality,
  type VoiceRejection,
  type VoiceWarning,
} from '#shared/model/voice-profile.ts'
import { ENGINE_INPUT_RATE, VAD_FRAME_SAMPLES, type Vad } from '#gpu-node/engines/ports.ts'
import { decibels, loudnessLufs } from './loudness.ts'

export const PREPARED_RATE = 24_000
/** Loudness of broadcast speech on small devices. Any value would do as long as all voices have the same. */
export const PREPARED_LUFS = -20
const MAX_PEAK_DBFS = -1
/** A quieter recording has nothing to be made louder. */
const MIN_LOUDNESS_LUFS = -60
const QUIET_LUFS = -40
const MAX_CLIPPED = 0.01
const WARN_CLIPPED = 0.001
/** Speech over what is between it, in dB: a reference with less is cloned with its room. */
const MIN_SNR_DB = 10
const WARN_SNR_DB = 20
const SHORT_MS = 5_000
/** A third of a second. */
const MIN_BETWEEN_FRAMES = 10
const SPEECH_PROBABILITY = 0.5
/** The least speech in what is kept. The rest may be pauses. */
const MIN_SPEECH_MS = 2_000
/** Kept around the speech; a reference that begins or ends in a word teaches to do so. */
const MARGIN_FRAMES = 3
/** A gap of so many frames is a pause: where a window may end. */
const PAUSE_FRAMES = 6
const FADE_MS = 10
const FRAME_MS = (VAD_FRAME_SAMPLES * 1000) / ENGINE_INPUT_RATE
const FULL_SCALE = 32_768
/** Levels of the wire end there. */
const SILENCE_DB = -120

export type PreparedRecording =
  | { outcome: 'rejected'; reason: VoiceRejection; quality: VoiceQuality }
  | {
      outcome: 'prepared'
      /** At PREPARED_RATE. */
      pcm: Int16Array
      /** Speech was left out: a text of the whole no longer fits. */
      isCut: boolean
      quality: VoiceQuality
    }

/** Gives way to calls again and again: a minute of speech takes seconds. */
export async function prepareRecording(pcm: Int16Array, sampleRate: number, vad: Vad): Promise<PreparedRecording> {
  const heard = await resampledForEngines(pcm, sampleRate)
  const isSpeech = await speechOf(heard, vad)
  const frames = isSpeech.length
  const kept = bestWindow(isSpeech)
  const [from, to] = kept ?? [0, frames]
  const speechMs = isSpeech.filter(Boolean).length * FRAME_MS
  const at = (frame: number): number => Math.round((frame * FRAME_MS * sampleRate) / 1000)
  const reference = resamplePcm(pcm.subarray(at(from), at(to)), sampleRate, PREPARED_RATE)
  const loudness = loudnessLufs(pcmToFloat(reference), PREPARED_RATE)
  const levels = levelsOf(heard, isSpeech)
  const facts = { inputMs: (pcm.length * 1000) / sampleRate, speechMs, clippedShare: clippedShareOf(pcm) }
  const referenceMs = (reference.length * 1000) / PREPARED_RATE
  const quality: VoiceQuality = {
    ...facts,
    peakDbfs: Math.max(SILENCE_DB, decibels(peakOf(pcm))),
    loudnessLufs: Math.max(SILENCE_DB, loudness),
    noiseFloorDbfs: levels.noiseDbfs,
    warnings: warningsOf({ ...facts, ...levels, loudness, referenceMs }),
  }
  const reason = rejectionOf({ ...facts, ...levels, loudness, referenceMs, hasSpeech: kept !== undefined })
  if (reason) return { outcome: 'rejected', reason, quality }
  const isCut = isSpeech.some((speaks, frame) => speaks && (frame < from || frame >= to))
  return { outcome: 'prepared', pcm: normalised(reference, loudness), isCut, quality }
}

async function resampledForEngines(pcm: Int16Array, sampleRate: number): Promise<Int16Array> {
  const resampler = new Resampler(sampleRate, ENGINE_INPUT_RATE)
  const parts: Int16Array[] = []
  for (let at = 0; at < pcm.length; at += sampleRate) {
    parts.push(resampler.pushPcm(pcm.subarray(at, at + sampleRate)))
    await setImmediate()
  }
  return concatPcm([...parts, resampler.flushPcm()])
}

/** A frame costs a millisecond, so that calls wait for a few. */
const FRAMES_AT_ONCE = 4

async function speechOf(heard: Int16Array, vad: Vad): Promise<boolean[]> {
  const stream = vad.stream()
  const samples = pcmToFloat(heard)
  const isSpeech: boolean[] = []
  for (let end = VAD_FRAME_SAMPLES; end <= samples.length; end += VAD_FRAME_SAMPLES) {
    isSpeech.push(stream.push(samples.subarray(end - VAD_FRAME_SAMPLES, end)) >= SPEECH_PROBABILITY)
    if (isSpeech.length % FRAMES_AT_ONCE === 0) await setImmediate()
  }
  return isSpeech
}

/** From its first to behind its last frame: the whole speech, or the window of MAX_PREPARED_MS with most of it, between pauses. */
export function bestWindow(isSpeech: readonly boolean[]): [from: number, to: number] | undefined {
  const runs = runsOf(isSpeech)
  const maxFrames = Math.floor(MAX_PREPARED_MS / FRAME_MS) - 2 * MARGIN_FRAMES
  let best: { from: number; to: number; speech: number } | undefined
  for (const [first, { from }] of runs.entries()) {
    let speech = 0
    for (const run of runs.slice(first)) {
      // It ends in a pause. Only speech without a pause is cut in its middle.
      if (speech > 0 && run.to > from + maxFrames) break
      const to = Math.min(run.to, from + maxFrames)
      speech += to - run.from
      if (!best || speech > best.speech) best = { from, to, speech }
    }
  }
  return best && [Math.max(0, best.from - MARGIN_FRAMES), Math.min(isSpeech.length, best.to + MARGIN_FRAMES)]
}

/** Speech between pauses; gaps shorter than a pause belong to it. */
function runsOf(isSpeech: readonly boolean[]): Array<{ from: number; to: number }> {
  const runs: Array<{ from: number; to: number }> = []
  for (const [frame, speaks] of isSpeech.entries()) {
    if (!speaks) continue
    const last = runs.at(-1)
    if (last && frame - last.to < PAUSE_FRAMES) last.to = frame + 1
    else runs.push({ from: frame, to: frame + 1 })
  }
  return runs
}

interface Levels {
  speechDbfs: number
  noiseDbfs: number
  /** False for speech without a pause: the noise around it is not known. */
  isNoiseHeard: boolean
}

interface Facts extends Levels {
  speechMs: number
  clippedShare: number
  loudness: number
  referenceMs: number
}

function rejectionOf(facts: Facts & { hasSpeech: boolean }): VoiceRejection | undefined {
  if (!facts.hasSpeech || facts.loudness < MIN_LOUDNESS_LUFS) return 'noSpeech'
  if (facts.referenceMs < MIN_PREPARED_MS || facts.speechMs < MIN_SPEECH_MS) return 'tooShort'
  if (facts.clippedShare > MAX_CLIPPED) return 'clipped'
  return isOverNoise(facts, MIN_SNR_DB) ? undefined : 'noisy'
}

function isOverNoise({ isNoiseHeard, speechDbfs, noiseDbfs }: Levels, decibelsAbove: number): boolean {
  return !isNoiseHeard || speechDbfs - noiseDbfs >= decibelsAbove
}

function warningsOf(facts: Facts): VoiceWarning[] {
  const all: Array<[VoiceWarning, boolean]> = [
    ['short', facts.referenceMs < SHORT_MS],
    ['clipped', facts.clippedShare > WARN_CLIPPED],
    ['noisy', !isOverNoise(facts, WARN_SNR_DB)],
    ['quiet', facts.loudness < QUIET_LUFS],
  ]
  return all.flatMap(([warning, isSo]) => (isSo ? [warning] : []))
}

/** Levels of speech and of the quieter part of what is between: breath and echo are there, too. */
function levelsOf(heard: Int16Array, isSpeech: readonly boolean[]): Levels {
  const levels = isSpeech.map((_, frame) =>
    rmsDbfs(heard.subarray(frame * VAD_FRAME_SAMPLES, (frame + 1) * VAD_FRAME_SAMPLES)),
  )
  const at = (share: number, some: number[]): number =>
    some.toSorted((a, b) => a - b)[Math.floor(some.length * share)] ?? SILENCE_DB
  const between = levels.filter((_, frame) => !isSpeech[frame])
  const isNoiseHeard = between.length >= MIN_BETWEEN_FRAMES
  const noiseDbfs = isNoiseHeard ? at(0.25, between) : at(0.1, levels)
  return {
    speechDbfs: at(
      0.5,
      levels.filter((_, frame) => isSpeech[frame]),
    ),
    noiseDbfs,
    isNoiseHeard,
  }
}

function rmsDbfs(pcm: Int16Array): number {
  let sum = 0
  for (const sample of pcm) sum += (sample / FULL_SCALE) ** 2
  return Math.max(SILENCE_DB, decibels(Math.sqrt(sum / Math.max(1, pcm.length))))
}

const peakOf = (pcm: Int16Array): number =>
  pcm.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0) / FULL_SCALE

function clippedShareOf(pcm: Int16Array): number {
  let clipped = 0
  for (const sample of pcm) if (sample >= FULL_SCALE - 1 || sample <= -FULL_SCALE) clipped++
  return clipped / Math.max(1, pcm.length)
}

/** As loud as all others, as far as its peaks allow, and without a click at its ends. */
function normalised(pcm: Int16Array, loudness: number): Int16Array {
  const samples = pcmToFloat(pcm)
  const wanted = 10 ** ((PREPARED_LUFS - loudness) / 20)
  const gain = Math.min(wanted, 10 ** (MAX_PEAK_DBFS / 20) / Math.max(peakOf(pcm), 1 / FULL_SCALE))
  const fade = Math.round((FADE_MS * PREPARED_RATE) / 1000)
  for (let i = 0; i < samples.length; i++) {
    const edge = Math.min(1, (i + 1) / fade, (samples.length - i) / fade)
    samples[i] = (samples[i] ?? 0) * gain * edge
  }
  return floatToPcm(samples)
}
