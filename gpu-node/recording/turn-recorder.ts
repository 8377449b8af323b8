// The sound of one session's turns while they are made: what was heard and what was sent, by turn, until the turn is over. Then it is
// encoded, a frame at a time between other work, and kept as files. Made by NodeSession where the edge wants it.
import { setImmediate } from 'node:timers/promises'
import { concatPcm } from '#shared/audio/pcm.ts'
import type { BlobHash } from '#shared/blob.ts'
import type { TurnId } from '#shared/ids.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import type { TurnAudio } from '#shared/model/turn-audio.ts'
import { ENGINE_INPUT_RATE } from '#gpu-node/engines/ports.ts'
import { flacParts } from './flac.ts'
import type { RecordingFiles } from './recording-files.ts'

/** The longest part that is kept: of an utterance, or of a reply. What comes later is left out. */
export const MAX_PART_MS = 120_000
/** Turns that are open at once: far more than utterances ever wait (MAX_HELD_EVENTS of the turn, two and more for each). */
const MAX_OPEN = 64
/** Turns whose files a correction may ask for again. */
const MAX_REMEMBERED = 200

interface Part {
  pcm: Int16Array[]
  samples: number
}

export class TurnRecorder {
  readonly #files: RecordingFiles
  readonly #outputRate: number
  readonly #utterances = new Map<TurnId, Part>()
  readonly #replies = new Map<number, Part>()
  readonly #kept = new Map<TurnId, TurnAudio>()

  constructor({ files, outputRate }: { files: RecordingFiles; outputRate: number }) {
    this.#files = files
    this.#outputRate = outputRate
  }

  /** The caller's sound, at ENGINE_INPUT_RATE. */
  heard(turnId: TurnId, pcm: Int16Array): void {
    add(this.#utterances, turnId, pcm, ENGINE_INPUT_RATE)
  }

  /** Sound of the reply in the turn with this ordinal, at the session's output rate. */
  said(turn: number, pcm: Int16Array): void {
    add(this.#replies, turn, pcm, this.#outputRate)
  }

  /** The utterance came to nothing. */
  forget(turnId: TurnId): void {
    this.#utterances.delete(turnId)
  }

  /** Whether there is anything to encode. */
  hasSound({ id, turn }: TurnRecord): boolean {
    return [this.#utterances.get(id), this.#replies.get(turn)].some((part) => (part?.samples ?? 0) > 0)
  }

  /** The files of a turn that was encoded before: a correction of it finds them again. */
  encoded(id: TurnId): TurnAudio | undefined {
    return this.#kept.get(id)
  }

  /** Called once for each turn. A part without sound is absent. */
  async encode({ id, turn }: TurnRecord): Promise<TurnAudio> {
    const [utterance, reply] = [this.#utterances.get(id), this.#replies.get(turn)]
    this.#utterances.delete(id)
    this.#replies.delete(turn)
    const [spoken, answered] = [
      await this.#file(utterance, ENGINE_INPUT_RATE),
      await this.#file(reply, this.#outputRate),
    ]
    const audio = { ...(spoken && { utterance: spoken }), ...(answered && { reply: answered }) }
    this.#kept.set(id, audio)
    for (const oldest of this.#kept.keys()) if (this.#kept.size > MAX_REMEMBERED) this.#kept.delete(oldest)
    return audio
  }

  async #file(part: Part | undefined, rate: number): Promise<BlobHash | undefined> {
    if (!part || part.samples === 0) return undefined
    const parts: Uint8Array<ArrayBuffer>[] = []
    for (const frame of flacParts(concatPcm(part.pcm), rate)) {
      parts.push(frame)
      // Calls go on meanwhile.
      await setImmediate()
    }
    return this.#files.keep(new Uint8Array(await new Blob(parts).arrayBuffer()))
  }
}

function add<K>(parts: Map<K, Part>, key: K, pcm: Int16Array, rate: number): void {
  const part = parts.get(key) ?? { pcm: [], samples: 0 }
  const room = (MAX_PART_MS * rate) / 1000 - part.samples
  if (room > 0) part.pcm.push(pcm.slice(0, room))
  part.samples += Math.min(pcm.length, Math.max(0, room))
  parts.set(key, part)
  // More is a bug of ours, and must not fill the memory.
  for (const oldest of parts.keys()) if (parts.size > MAX_OPEN) parts.delete(oldest)
}
