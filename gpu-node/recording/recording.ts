// Keeps the sound of turns on this node until the edge has it: what sessions write to, and what the outbox sends from. Made in
// gpu-node/start-node.ts.
import { join } from 'node:path'
import type { Clock } from '#shared/clock.ts'
import type { TurnId } from '#shared/ids.ts'
import type { Log } from '#shared/log.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import { createBlobClient } from '#gpu-node/blob-client.ts'
import type { TurnSink } from '#gpu-node/turn/ports.ts'
import { AudioCarrier } from './audio-carrier.ts'
import { RecordingFiles } from './recording-files.ts'
import { TurnRecorder } from './turn-recorder.ts'

export interface Recording {
  carrier: AudioCarrier
  /** A sink that also records what passes. Each turn is handed on at once, and once more when its sound is on the disk. */
  record(sink: TurnSink, outputRate: number): TurnSink
  /** Resolves when no sound is on its way to the disk, or after so long. */
  settled(withinMs: number): Promise<void>
}

export function createRecording(
  { edgeUrl, token, dataDir }: { edgeUrl: string; token: string; dataDir: string },
  { clock, log }: { clock: Clock; log: Log },
): Recording {
  const files = new RecordingFiles(join(dataDir, 'recordings'))
  files.sweep(clock.now()).catch((error: unknown) => log.warn({ error }, 'cannot sweep old recordings'))
  /** The words as they were last told: a correction may come while the sound is encoded. */
  const encoding = new Map<TurnId, { turn: TurnRecord; done: Promise<void> }>()
  return {
    carrier: new AudioCarrier({
      blobs: createBlobClient({ edgeUrl, token }),
      files,
      clock,
      log,
      isEncoding: (turnId) => encoding.has(turnId),
    }),
    async settled(withinMs) {
      const over = new AbortController()
      const all = Promise.all([...encoding.values()].map(({ done }) => done)).finally(() => over.abort('shutdown'))
      await Promise.race([all, clock.sleep(withinMs, over.signal).catch(() => {})])
    },
    record(sink, outputRate) {
      const recorder = new TurnRecorder({ files, outputRate })
      const encode = async (turn: TurnRecord): Promise<void> => {
        const audio = await recorder.encode(turn).catch((error: unknown) => {
          // A disk that is full costs the sound and not the turn.
          log.error({ error, turnId: turn.id }, 'the sound of a turn could not be kept')
          return {}
        })
        const newest = encoding.get(turn.id)?.turn ?? turn
        encoding.delete(turn.id)
        sink.finished({ ...newest, audio })
      }
      return {
        send: (message) => sink.send(message),
        audio(turn, pcm) {
          recorder.said(turn, pcm)
          sink.audio(turn, pcm)
        },
        heard: (turnId, pcm) => recorder.heard(turnId, pcm),
        forgotten: (turnId) => recorder.forget(turnId),
        finished(turn) {
          const audio = recorder.encoded(turn.id)
          const underWay = encoding.get(turn.id)
          if (underWay) underWay.turn = turn
          else if (!audio && recorder.hasSound(turn)) encoding.set(turn.id, { turn, done: encode(turn) })
          // Its words are safe before its sound is: whatever happens meanwhile costs the sound alone.
          sink.finished(audio ? { ...turn, audio } : turn)
        },
      }
    },
  }
}
