// When somebody speaks and when the utterance is over: hysteresis on the VAD's probabilities, counted in samples. Pure;
// driven by ear.ts, one frame at a time. Knows no audio, no clock and no turn.
import type { TurnOptions } from '#shared/model/turn-options.ts'
import { unreachable } from '#shared/invariant.ts'
import { ENGINE_INPUT_RATE, VAD_FRAME_SAMPLES } from '#gpu-node/engines/ports.ts'

/** Speech in a row after which a pause counts as over. One frame alone is a click, and must not hold the end back. */
export const RESUME_MS = 64

export type Thresholds = Pick<
  TurnOptions,
  'softEndMs' | 'hardEndMs' | 'bargeInMs' | 'speechStartMs' | 'speechThreshold' | 'silenceThreshold'
>

/** Positions count samples at ENGINE_INPUT_RATE since the session began. */
export type EndpointerState =
  | {
      type: 'quiet'
      at: number
      /** Speech in a row up to `at`: too little yet. */
      run: number
    }
  | {
      /** The utterance was dropped in its middle: what the caller goes on to say belongs to it, up to a pause. */
      type: 'cleared'
      at: number
      /** Silence in a row up to `at`. */
      silence: number
    }
  | {
      type: 'speech'
      at: number
      /** All speech of this utterance. */
      voiced: number
      speechEnd: number
      /** Speech in a row since the pause began. */
      run: number
      isInsistent: boolean
      isSoftEnded: boolean
    }

export type EndpointerEvent =
  /** Somebody speaks, and has since `atSample`. */
  | { type: 'started'; atSample: number }
  /** There was speech of bargeInMs in this utterance. */
  | { type: 'insisted' }
  | { type: 'softEnd' }
  /** The pause after a soft end was none: speech again. */
  | { type: 'wentOn' }
  | { type: 'hardEnd'; atSample: number; speechEnd: number }

export const quietAt = (at: number): EndpointerState => ({ type: 'quiet', at, run: 0 })

export const clearedAt = (at: number): EndpointerState => ({ type: 'cleared', at, silence: 0 })

export const samplesOf = (ms: number): number => Math.round((ms * ENGINE_INPUT_RATE) / 1000)

interface Step {
  state: EndpointerState
  events: EndpointerEvent[]
}

/** Takes the probability of the next frame. */
export function hear(state: EndpointerState, probability: number, thresholds: Thresholds): Step {
  const at = state.at + VAD_FRAME_SAMPLES
  switch (state.type) {
    case 'quiet':
      return hearInQuiet({ ...state, at }, probability, thresholds)
    case 'cleared':
      return hearInCleared({ ...state, at }, probability, thresholds)
    case 'speech':
      return hearInSpeech({ ...state, at }, probability, thresholds)
    default:
      return unreachable(state)
  }
}

type Quiet = Extract<EndpointerState, { type: 'quiet' }>
type Speech = Extract<EndpointerState, { type: 'speech' }>

function hearInQuiet(state: Quiet, probability: number, thresholds: Thresholds): Step {
  const run = probability >= thresholds.speechThreshold ? state.run + VAD_FRAME_SAMPLES : 0
  if (run < samplesOf(thresholds.speechStartMs) || run === 0) return { state: { ...state, run }, events: [] }
  const begun: Speech = {
    type: 'speech',
    at: state.at,
    voiced: run,
    speechEnd: state.at,
    run: 0,
    isInsistent: false,
    isSoftEnded: false,
  }
  return insist({ state: begun, events: [{ type: 'started', atSample: state.at - run }] }, thresholds)
}

function hearInCleared(
  state: Extract<EndpointerState, { type: 'cleared' }>,
  probability: number,
  thresholds: Thresholds,
): Step {
  const silence = probability < thresholds.silenceThreshold ? state.silence + VAD_FRAME_SAMPLES : 0
  const isOver = silence >= samplesOf(thresholds.softEndMs)
  return { state: isOver ? quietAt(state.at) : { ...state, silence }, events: [] }
}

function hearInSpeech(state: Speech, probability: number, thresholds: Thresholds): Step {
  const isInPause = state.speechEnd < state.at - VAD_FRAME_SAMPLES
  // Hysteresis: speech goes on above the lower threshold, and begins again only above the upper one.
  const isSpeech = probability >= (isInPause ? thresholds.speechThreshold : thresholds.silenceThreshold)
  if (!isSpeech) return hearSilence({ ...state, run: 0 }, thresholds)
  const run = isInPause ? state.run + VAD_FRAME_SAMPLES : 0
  // While it is open whether a pause is over, no end is called.
  if (isInPause && run < samplesOf(Math.min(RESUME_MS, thresholds.speechStartMs)))
    return { state: { ...state, run }, events: [] }
  const voiced = state.voiced + (isInPause ? run : VAD_FRAME_SAMPLES)
  const events: EndpointerEvent[] = state.isSoftEnded ? [{ type: 'wentOn' }] : []
  return insist({ state: { ...state, voiced, speechEnd: state.at, run: 0, isSoftEnded: false }, events }, thresholds)
}

function hearSilence(state: Speech, thresholds: Thresholds): Step {
  const silence = state.at - state.speechEnd
  if (silence >= samplesOf(thresholds.hardEndMs))
    return { state: quietAt(state.at), events: [{ type: 'hardEnd', atSample: state.at, speechEnd: state.speechEnd }] }
  if (state.isSoftEnded || silence < samplesOf(thresholds.softEndMs)) return { state, events: [] }
  return { state: { ...state, isSoftEnded: true }, events: [{ type: 'softEnd' }] }
}

function insist(step: { state: Speech; events: EndpointerEvent[] }, thresholds: Thresholds): Step {
  if (step.state.isInsistent || step.state.voiced < samplesOf(thresholds.bargeInMs)) return step
  return { state: { ...step.state, isInsistent: true }, events: [...step.events, { type: 'insisted' }] }
}
