// The task that encodes the sound of a turn: from the raw sound on the disk to files that the edge takes. A frame at a time
// between other work, because calls go on meanwhile. Done again after a crash: a file is named by its content.
import { setImmediate } from 'node:timers/promises'
import * as v from 'valibot'
import type { BlobHash } from '#shared/blob.ts'
import type { TurnId } from '#shared/ids.ts'
import { TurnIdSchema } from '#shared/model/ids.ts'
import { AUDIO_PARTS, type TurnAudio } from '#shared/model/turn-audio.ts'
import type { NewTask } from '#shared/task-store/task-rows.ts'
import { PRIORITY } from '#shared/tasks/task.ts'
import { taskKind, type QueueRules, type TaskKind } from '#shared/tasks/task-kind.ts'
import { flacParts } from './flac.ts'
import type { RecordingFiles } from './recording-files.ts'
import type { RawPart } from './turn-recorder.ts'

const HEAD = { name: 'audio.encode', queue: 'audio', priority: PRIORITY.usual, attempts: 3 }
/** Two minutes of sound take about a second. */
const LIMIT_MS = 60_000
export const ENCODE_QUEUE: QueueRules = { name: HEAD.queue, atOnce: 2, atOnceOfUser: 2 }
export const ENCODE = HEAD.name

export const EncodePayload = v.object({
  turnId: TurnIdSchema,
  parts: v.array(v.object({ part: v.picklist(AUDIO_PARTS), rate: v.number() })),
})
type Payload = v.InferOutput<typeof EncodePayload>

export const encodeTask = (turnId: TurnId, parts: readonly RawPart[]): NewTask => ({
  ...HEAD,
  payload: { turnId, parts: parts.map(({ part, rate }) => ({ part, rate })) } satisfies Payload,
  dedupeKey: `${HEAD.name} ${turnId}`,
})

export const rawName = (turnId: TurnId, part: string): string => `${turnId}.${part}`

/**
 * `encoded`: resolves when the turn is kept with its sound; only then the raw sound goes. It is undefined where an attempt
 * before this one came that far.
 */
export function encodeKind(
  files: RecordingFiles,
  encoded: (turnId: TurnId, audio: TurnAudio | undefined) => Promise<void>,
): TaskKind {
  const drop = async ({ turnId, parts }: Payload): Promise<void> => {
    for (const { part } of parts) await files.dropRaw(rawName(turnId, part))
  }
  return taskKind({
    ...HEAD,
    payload: EncodePayload,
    limitMs: LIMIT_MS,
    async run(payload) {
      await encoded(payload.turnId, await encodeAll(files, payload))
      await drop(payload)
    },
    // A disk that is full costs the sound and not the turn.
    async gaveUp(payload) {
      await encoded(payload.turnId, {})
      await drop(payload)
    },
  })
}

async function encodeAll(files: RecordingFiles, { turnId, parts }: Payload): Promise<TurnAudio | undefined> {
  const audio: TurnAudio = {}
  for (const { part, rate } of parts) {
    const pcm = await files.raw(rawName(turnId, part))
    if (!pcm) return undefined
    audio[part] = await encode(files, pcm, rate)
  }
  return audio
}

async function encode(files: RecordingFiles, pcm: Int16Array, rate: number): Promise<BlobHash> {
  const parts: Uint8Array<ArrayBuffer>[] = []
  for (const frame of flacParts(pcm, rate)) {
    parts.push(frame)
    await setImmediate()
  }
  return files.keep(new Uint8Array(await new Blob(parts).arrayBuffer()))
}
