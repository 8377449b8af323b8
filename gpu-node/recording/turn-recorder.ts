// The sound of one session's turns while they are made: what was heard and what was sent, by turn, until the turn is over. Then it is
// taken from here to the disk. Made by NodeSession where the edge wants it.
import { concatPcm } from '#shared/audio/pcm.ts'
import type { TurnId } from '#shared/ids.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import { type AUDIO_PARTS, type TurnAudio } from '#shared/model/turn-audio.ts'
import { ENGINE_INPUT_RATE } from '#gpu-node/engines/ports.ts'

/** The longest part that is kept: of an utterance, or of a reply. What comes later is left out. */
export const MAX_PART_MS = 120_000
/** Turns that are open at once: far more than utterances ever wait (MAX_HELD_EVENTS of the turn, two and more for each). */
const MAX_OPEN = 64
/** Turns whose files a correction may ask for again. */
const MAX_REMEMBERED = 200

/** The sound of one part, with its samples a second. */
export interface RawPart {
  part: (typeof AUDIO_PARTS)[number]
  rate: number
  pcm: Int16Array
}

interface Part {
  pcm: Int16Array[]
  samples: number
}

export class TurnRecorder {
  readonly #outputRate: number
  readonly #utterances = new Map<TurnId, Part>()
  readonly #replies = new Map<number, Part>()
  readonly #kept = new Map<TurnId, TurnAudio>()

  constructor({ outputRate }: { outputRate: number }) {
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

  /** Called once for each turn: its sound leaves the memory. A part without sound is absent. */
  taken({ id, turn }: TurnRecord): RawPart[] {
    const [utterance, reply] = [this.#utterances.get(id), this.#replies.get(turn)]
    this.#utterances.delete(id)
    this.#replies.delete(turn)
    const parts = [
      { part: 'utterance', rate: ENGINE_INPUT_RATE, sound: utterance },
      { part: 'reply', rate: this.#outputRate, sound: reply },
    ] as const
    return parts.flatMap(({ part, rate, sound }) =>
      sound && sound.samples > 0 ? [{ part, rate, pcm: concatPcm(sound.pcm) }] : [],
    )
  }

  remember(id: TurnId, audio: TurnAudio): void {
    this.#kept.set(id, audio)
    for (const oldest of this.#kept.keys()) if (this.#kept.size > MAX_REMEMBERED) this.#kept.delete(oldest)
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
