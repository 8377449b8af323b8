// The latencies of a turn as the command line shows them.
import type { SpokenTurn } from './turn-watch.ts'

/** Milliseconds of each stage that ran, as measured by the node, and the first reply audio as measured here. */
export function timingsOf(turn: SpokenTurn): Record<string, number | boolean> {
  const stages = { ...turn.timings, firstAudioMs: turn.firstAudioMs }
  return Object.fromEntries(
    Object.entries(stages).flatMap(([stage, value]) =>
      value === null ? [] : [[stage, typeof value === 'number' ? Math.round(value) : value]],
    ),
  )
}

/** For a person: `endpoint 530 ms · stt 12 ms …`. */
export function timingsLine(turn: SpokenTurn): string {
  const { speculated, ...stages } = timingsOf(turn)
  const parts = Object.entries(stages).map(([stage, ms]) => `${stage.replace(/Ms$/, '')} ${ms} ms`)
  return `timings: ${parts.join(' · ')}${speculated === true ? ' · speculated' : ''}`
}
