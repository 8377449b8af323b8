// The thresholds of a session, each an option with bounds. Used by session.start, session.update and the turn.
import * as v from 'valibot'

const ms = (min: number, max: number) => v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max))
const probability = () => v.pipe(v.number(), v.minValue(0.05), v.maxValue(0.99))

const fields = {
  /** Silence after which the reply is speculated on. */
  softEndMs: ms(60, 2_000),
  /** Silence that ends the utterance. */
  hardEndMs: ms(100, 5_000),
  /** Speech during a reply that pauses it. */
  bargeInMs: ms(60, 5_000),
  /** Speech that begins an utterance. */
  speechStartMs: ms(32, 1_000),
  /** VAD probability at or above which a frame counts as speech. */
  speechThreshold: probability(),
  /** VAD probability below which a frame counts as silence. */
  silenceThreshold: probability(),
  /** Whether the reply is started before the utterance is over. */
  speculation: v.boolean(),
} as const

export const TurnOptions = v.object(fields)
export type TurnOptions = v.InferOutput<typeof TurnOptions>

/** What a caller may send: any of the options. */
export const TurnOptionsPatch = v.partial(TurnOptions)
export type TurnOptionsPatch = v.InferOutput<typeof TurnOptionsPatch>

/** OpenAI's server_vad ends after 500 ms of silence; LiveKit and Pipecat start at 200–500 ms (their defaults, 2026). */
export const DEFAULT_TURN_OPTIONS: TurnOptions = {
  softEndMs: 200,
  hardEndMs: 500,
  bargeInMs: 300,
  speechStartMs: 64,
  speechThreshold: 0.5,
  silenceThreshold: 0.35,
  speculation: true,
}

/** Says which options contradict each other. The schema checks the bounds of single fields. */
export function conflictsIn(options: TurnOptions): string[] {
  return [...conflict(options, 'softEndMs', 'hardEndMs'), ...conflict(options, 'silenceThreshold', 'speechThreshold')]
}

function conflict(options: TurnOptions, lower: keyof TurnOptions, upper: keyof TurnOptions): string[] {
  if (options[lower] <= options[upper]) return []
  return [`options.${lower}: expected at most options.${upper} (${options[lower]} > ${options[upper]})`]
}

/** Speculative replies per utterance; each costs a prompt. */
export const MAX_SPECULATIONS = 3
