// A scripted VAD that notes when the frame with the hard-end sample came: from there on the clock of the overhead runs.
// Used by node-process.ts.
import { createScriptedVad } from '#tests/fakes/scripted-engines.ts'
import type { Vad } from '#gpu-node/engines/ports.ts'
import { ENGINE_INPUT_RATE, VAD_FRAME_SAMPLES } from '#gpu-node/engines/ports.ts'
import { monotonicMs } from './monotonic.ts'

export interface Mark {
  /** Position of the hard end in this session's audio, at ENGINE_INPUT_RATE: what utterance.ended tells as atSample. */
  atSample: number
  arrivedAtMs: number
}

export interface MarkingVad extends Vad {
  /** The marks of each stream since the last call, streams in the order of their opening. */
  takeMarks(): Mark[][]
}

export function createMarkingVad(hardEndMs: number): MarkingVad {
  const scripted = createScriptedVad()
  const hardEndFrames = Math.ceil((hardEndMs * ENGINE_INPUT_RATE) / 1000 / VAD_FRAME_SAMPLES)
  let streams: Mark[][] = []
  return {
    engine: scripted.engine,
    takeMarks: () => streams.splice(0),
    stream() {
      const marks: Mark[] = []
      const inner = scripted.stream()
      let frames = 0
      let quietFrames = Infinity
      streams.push(marks)
      return {
        push(samples) {
          const arrivedAtMs = monotonicMs()
          const probability = inner.push(samples)
          frames++
          quietFrames = probability > 0 ? 0 : quietFrames + 1
          if (quietFrames === hardEndFrames) marks.push({ atSample: frames * VAD_FRAME_SAMPLES, arrivedAtMs })
          return probability
        },
        reset: () => inner.reset(),
      }
    },
  }
}
