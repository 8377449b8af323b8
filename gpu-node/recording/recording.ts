// Keeps the sound of turns on this node until the edge has it: what sessions write to, and what the outbox sends from. It is on the
// disk as soon as its turn is over, and encoded by a task, so that a restart loses none. Made in gpu-node/start-node.ts.
import { join } from 'node:path'
import * as v from 'valibot'
import type { Clock } from '#shared/clock.ts'
import type { TurnId } from '#shared/ids.ts'
import type { Log } from '#shared/log.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import type { TurnAudio } from '#shared/model/turn-audio.ts'
import type { NewTask } from '#shared/task-store/task-rows.ts'
import type { TaskKind } from '#shared/tasks/task-kind.ts'
import { createBlobClient } from '#gpu-node/blob-client.ts'
import type { TurnSink } from '#gpu-node/turn/ports.ts'
import { AudioCarrier } from './audio-carrier.ts'
import { encodeKind, EncodePayload, encodeTask, rawName } from './encode-task.ts'
import { RecordingFiles } from './recording-files.ts'
import { TurnRecorder } from './turn-recorder.ts'

export interface Recording {
  carrier: AudioCarrier
  /** What encodes; the node's runner does it. */
  kind: TaskKind
  /** A sink that also records what passes. Each turn is handed on at once, and once more when its sound is encoded. */
  record(sink: TurnSink, outputRate: number): TurnSink
  /** Turns whose sound was not encoded when the node ended: the outbox waits for it again. */
  recover(payloads: readonly unknown[]): void
  /** Resolves when no sound is on its way to the disk or being encoded, or after so long. */
  settled(withinMs: number): Promise<void>
}

export interface RecordingParts {
  clock: Clock
  log: Log
  /** Resolves when the task is on the disk. */
  addTask: (task: NewTask) => Promise<void>
  /** Keeps the sound with the turn in the outbox, where it is there; undefined where it has it, or needs none. */
  keepAudio: (turnId: TurnId, audio: TurnAudio | undefined) => Promise<void>
}

interface Encoding {
  /** The words as they were last told: a correction may come while the sound is encoded. */
  turn: TurnRecord
  sink: TurnSink
  recorder: TurnRecorder
  done: PromiseWithResolvers<void>
}

export function createRecording(
  { edgeUrl, token, dataDir }: { edgeUrl: string; token: string; dataDir: string },
  { clock, log, addTask, keepAudio }: RecordingParts,
): Recording {
  const files = new RecordingFiles(join(dataDir, 'recordings'))
  files.sweep(clock.now()).catch((error: unknown) => log.warn({ error }, 'cannot sweep old recordings'))
  const encoding = new Map<TurnId, Encoding>()
  /** Of sessions that ended with the process. */
  const recovered = new Set<string>()

  const encoded = async (turnId: TurnId, audio: TurnAudio | undefined): Promise<void> => {
    const under = encoding.get(turnId)
    if (audio) under?.recorder.remember(turnId, audio)
    encoding.delete(turnId)
    recovered.delete(turnId)
    if (audio) under?.sink.finished({ ...under.turn, audio })
    // What the sink was given may not be on the disk yet, and after a restart there is no sink.
    await keepAudio(turnId, audio)
    under?.done.resolve()
  }
  const begin = async (turn: TurnRecord, recorder: TurnRecorder): Promise<void> => {
    try {
      const parts = recorder.taken(turn)
      for (const { part, pcm } of parts) await files.keepRaw(rawName(turn.id, part), pcm)
      await addTask(encodeTask(turn.id, parts))
    } catch (error) {
      // A disk that is full costs the sound and not the turn.
      log.error({ error, turnId: turn.id }, 'the sound of a turn could not be kept')
      await encoded(turn.id, {}).catch(() => {})
      encoding.delete(turn.id)
    }
  }
  const blobs = createBlobClient({ edgeUrl, token })
  const isEncoding = (turnId: TurnId): boolean => encoding.has(turnId) || recovered.has(turnId)
  return {
    carrier: new AudioCarrier({ blobs, files, clock, log, isEncoding }),
    kind: encodeKind(files, encoded),
    recover(payloads) {
      for (const payload of payloads) if (v.is(EncodePayload, payload)) recovered.add(payload.turnId)
    },
    async settled(withinMs) {
      const over = new AbortController()
      const underWay = [...encoding.values()].map(({ done }) => done.promise)
      const all = Promise.all(underWay).finally(() => over.abort('shutdown'))
      await Promise.race([all, clock.sleep(withinMs, over.signal).catch(() => {})])
    },
    record(sink, outputRate) {
      const recorder = new TurnRecorder({ outputRate })
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
          const isNew = !underWay && !audio && recorder.hasSound(turn)
          if (underWay) underWay.turn = turn
          if (isNew) encoding.set(turn.id, { turn, sink, recorder, done: Promise.withResolvers<void>() })
          // Its words are safe before its sound is: whatever happens meanwhile costs the sound alone.
          sink.finished(audio ? { ...turn, audio } : turn)
          if (isNew) begin(turn, recorder).catch((error: unknown) => log.error({ error }, 'cannot keep sound'))
        },
      }
    },
  }
}
