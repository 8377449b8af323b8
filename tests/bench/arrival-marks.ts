// Notes when the frame that holds an utterance's hard end reached the node: from there on it is the node's time. It stands around
// the turns, before the VAD has seen the frame, so that the VAD's own work is part of what is measured. Used by node-process.ts.
import type { TurnRunner, TurnRunnerOptions } from '#gpu-node/turn/ports.ts'
import { ENGINE_INPUT_RATE } from '#gpu-node/engines/ports.ts'
import { monotonicMs } from './monotonic.ts'

export interface Mark {
  /** Position of the hard end in this session's audio, at ENGINE_INPUT_RATE: what utterance.ended tells as atSample. */
  atSample: number
  arrivedAtMs: number
}

/** Frames whose arrival is remembered: more than the endpointer's longest silence holds. */
const MAX_ARRIVALS = 256

export interface ArrivalMarks {
  createTurns: (options: TurnRunnerOptions) => TurnRunner
  /** The marks of each session since the last call, sessions in the order of their beginning. */
  takeMarks(): Mark[][]
}

/** Throws where a session's audio comes at another rate than the engines': positions would not compare. */
export function markArrivals(createTurns: (options: TurnRunnerOptions) => TurnRunner): ArrivalMarks {
  let sessions: Mark[][] = []
  return {
    takeMarks: () => sessions.splice(0),
    createTurns(options) {
      if (options.inputRate !== ENGINE_INPUT_RATE) throw new Error(`the bench speaks at ${ENGINE_INPUT_RATE} Hz`)
      const marks: Mark[] = []
      sessions.push(marks)
      const arrivals: Array<{ toSample: number; atMs: number }> = []
      let samples = 0
      const send: TurnRunnerOptions['sink']['send'] = (message) => {
        if (message.type === 'utterance.ended') {
          const frame = arrivals.find(({ toSample }) => toSample >= message.atSample)
          if (frame) marks.push({ atSample: message.atSample, arrivedAtMs: frame.atMs })
        }
        options.sink.send(message)
      }
      const { sink } = options
      const runner = createTurns({
        ...options,
        sink: {
          send,
          audio: (turn, pcm) => sink.audio(turn, pcm),
          finished: (turn) => sink.finished(turn),
          ...(sink.heard && { heard: (turnId, pcm) => sink.heard?.(turnId, pcm) }),
        },
      })
      return {
        audio: (pcm) => {
          samples += pcm.length
          arrivals.push({ toSample: samples, atMs: monotonicMs() })
          if (arrivals.length > MAX_ARRIVALS) arrivals.shift()
          runner.audio(pcm)
        },
        receive: (message) => runner.receive(message),
        whenIdle: () => runner.whenIdle(),
        end: (reason) => runner.end(reason),
      }
    },
  }
}
