// Keeps the sound of turns on this node until the edge has it: what sessions write to, and what the outbox sends from. Made in
// gpu-node/start-node.ts.
import { join } from 'node:path'
import type { Clock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import { createBlobClient } from '#gpu-node/blob-client.ts'
import type { TurnSink } from '#gpu-node/turn/ports.ts'
import { AudioCarrier } from './audio-carrier.ts'
import { RecordingFiles } from './recording-files.ts'
import { TurnRecorder } from './turn-recorder.ts'

export interface Recording {
  carrier: AudioCarrier
  /** A sink that also records what passes, and hands each turn on when its sound is on the disk. */
  record(sink: TurnSink, outputRate: number): TurnSink
}

export function createRecording(
  { edgeUrl, token, dataDir }: { edgeUrl: string; token: string; dataDir: string },
  { clock, log }: { clock: Clock; log: Log },
): Recording {
  const files = new RecordingFiles(join(dataDir, 'recordings'))
  files.sweep(clock.now()).catch((error: unknown) => log.warn({ error }, 'cannot sweep old recordings'))
  return {
    carrier: new AudioCarrier({ blobs: createBlobClient({ edgeUrl, token }), files, clock, log }),
    record(sink, outputRate) {
      const recorder = new TurnRecorder({ files, outputRate })
      return {
        send: (message) => sink.send(message),
        audio(turn, pcm) {
          recorder.said(turn, pcm)
          sink.audio(turn, pcm)
        },
        heard: (turnId, pcm) => recorder.heard(turnId, pcm),
        finished(turn) {
          const kept = recorder.withAudio(turn).catch((error: unknown) => {
            // A disk that is full costs the sound and not the turn.
            log.error({ error, turnId: turn.id }, 'the sound of a turn could not be kept')
            return turn
          })
          void kept.then((whole) => sink.finished(whole))
        },
      }
    },
  }
}
